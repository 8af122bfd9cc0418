"""`vigil connect`: what has to be pasted and clicked at a vendor so that it can reach Vigil."""

from typing import Annotated

import typer

from vigil.cli.words import WRONG_USAGE, Json, complain, end, print_json

connect_app = typer.Typer(
    name="connect",
    no_args_is_help=True,
    help="What has to be pasted and clicked at a vendor so that it can reach Vigil.",
)

HEADERS = '{"Authorization": "Bearer $VIGIL_WEBHOOK_SECRET"}'
CLICKS = """\
At Datadog, as somebody who may write integrations: Integrations, Webhooks.
1. New Custom Variable: name VIGIL_WEBHOOK_SECRET, value the one of DATADOG_WEBHOOK_SECRET, and
   tick "Hide from view".
2. New webhook: name vigil, URL https://YOUR-VIGIL/webhooks/datadog.
   Payload: the JSON above, unchanged. Do not tick "Encode as form".
   Custom Headers: {headers}
3. In the message of each monitor that Vigil is to hear of, outside of any {{{{#is_alert}}}}:
   @webhook-vigil
   and a tag service:NAME at the monitor, if what it looks at has none.
"""


@connect_app.callback()
def connect() -> None:
    """What has to be pasted and clicked at a vendor so that it can reach Vigil."""


@connect_app.command("datadog")
def datadog(
    *,
    print_template: Annotated[
        bool, typer.Option("--print-template", help="Print the webhook's template.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the template of the webhook that tells Vigil of monitors, and what to click."""
    from vigil.bootstrap import DATADOG_TEMPLATE

    if not print_template:
        end("say --print-template; nothing else can be done for Datadog yet", WRONG_USAGE)
    if as_json:
        print_json({"payload": DATADOG_TEMPLATE, "custom_headers": HEADERS, "encode_as": "json"})
        return
    typer.echo(DATADOG_TEMPLATE)
    complain(CLICKS.format(headers=HEADERS))
