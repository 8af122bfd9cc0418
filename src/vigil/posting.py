"""The post goes out: people outside are told of decisive moments, once each, whatever fails.

What is to be told follows from timelines, and what was told from rows, so whichever worker leads
this goes on where another one stopped. Each channel goes its own way: one that does not answer
holds up neither another one nor any incident.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog
from pydantic import JsonValue

from vigil.decide.discretion import Discretion
from vigil.domain import mishap
from vigil.domain.alert import Did
from vigil.domain.catalogue import Outside
from vigil.domain.errors import (
    NotRedacted,
    PermanentError,
    PortUnavailable,
    TemporaryError,
    ToldToWait,
)
from vigil.domain.incident import Incident, Stage
from vigil.domain.message import Became, Deed, Message, Sending, Sent, Standing, State
from vigil.domain.run import Health
from vigil.domain.timeline import Event
from vigil.domain.value import Instant
from vigil.ports.journal import Note
from vigil.ports.post import News, Post, Unread
from vigil.ports.trackers import DEADLINE_S, Trackers
from vigil.story.addressed import drafts
from vigil.story.moments import DECISIVE, Moment, acting_key, moments
from vigil.story.parts import Parts

log = structlog.get_logger()

EVERY_S = 2.0
"""How often it is looked for something to tell."""
AT_ONCE = 50
"""Incidents that one round reads, and messages that it sends."""
MOST_OPEN = 1000
"""Open incidents among which is looked for the same trouble."""
OLDEST = timedelta(hours=24)
"""What is older is not sent any more: it would be taken for what is so now."""
OLDEST_ACKNOWLEDGED = timedelta(minutes=5)
"""Whoever is not kept from being called by then has been called, and messages wait behind it."""
MOST_TRIES = 100
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
"""Between two tries; each wait is twice as long as the one before."""
LONGEST_ASKED_S = 3600.0
"""The longest wait that a channel may ask for."""
ASIDE_S = 300.0
"""How long a timeline that could not be read is left alone."""
MOST_ASIDE = 1000
"""Timelines that are set aside, and beside which others are still read."""
UNREAD = timedelta(minutes=2)
"""What has not been read for longer is not about to be: something is in the way."""
AT_WORK = frozenset({Stage.EXECUTING, Stage.VERIFYING})
"""Where something is being done that calling the next person would only disturb."""


@dataclass
class Channel:
    """One way out, and how it fared in this process."""

    name: str
    tracker: Trackers
    failures: int = 0
    """Tries that failed since the last one that did not."""
    rests_until: float = 0.0
    """By the clock that cannot be set: until then nothing is sent through it."""
    aside: dict[str, float] = field(default_factory=dict)
    """Incidents whose timelines could not be read, and until when they are left alone."""


@dataclass
class Posting:
    """Reads timelines for its channels and sends what is due."""

    parts: Parts
    post: Post
    channels: Sequence[Channel]
    url: str
    """Where people find the console."""

    async def work(self) -> None:
        """Without end, each channel by itself."""
        await asyncio.gather(*(self._serve(channel) for channel in self.channels))

    async def round(self, channel: Channel) -> None:
        """Read what is new, and send what is due."""
        for news in await self._unread(channel):
            try:
                await self._follow(channel, news)
            except TemporaryError:
                raise
            except Exception:  # one timeline that cannot be told does not keep others untold
                channel.aside[news.incident] = self.parts.senses.clock.elapsed() + ASIDE_S
                log.exception("timeline not read", channel=channel.name, incident=news.incident)
        for _ in range(AT_ONCE):
            if self.parts.senses.clock.elapsed() < channel.rests_until:
                return
            message = await self.post.take(channel.name, self.parts.senses.clock.now())
            if message is None:
                return
            await self._see_to(channel, message)

    @property
    def checks(self) -> dict[str, Callable[[], Awaitable[Health]]]:
        """What `/ready` asks of each channel."""
        return {f"post {each.name}": partial(self.health, each) for each in self.channels}

    async def health(self, channel: Channel) -> Health:
        """How a channel fares, by what is on record."""
        standing = await self.post.standing(channel.name)
        unread = await self.post.unread(channel.name, self._now)
        return channel_health(channel.name, standing, unread, self._now)

    async def standings(self) -> dict[str, Standing]:
        """How much each channel was given, and how much of it is due."""
        return {each.name: await self.post.standing(each.name) for each in self.channels}

    @property
    def _now(self) -> Instant:
        return self.parts.senses.clock.now()

    async def _serve(self, channel: Channel) -> None:
        while True:
            try:
                await self.round(channel)
            except TemporaryError as error:
                log.warning("post held up", channel=channel.name, why=str(error))
            except Exception:  # whatever one channel trips over, the others go on
                log.exception("post failed", channel=channel.name)
            await asyncio.sleep(EVERY_S)

    # --- what is to be told -------------------------------------------------------------------

    async def _unread(self, channel: Channel) -> list[News]:
        """What is to be read now; its mark stays, so that a mended timeline is told after all."""
        elapsed = self.parts.senses.clock.elapsed()
        limit = AT_ONCE + min(len(channel.aside), MOST_ASIDE)
        found = await self.post.news(channel.name, self._now, limit)
        there = {news.incident for news in found}
        channel.aside = {
            incident: until
            for incident, until in channel.aside.items()
            if until > elapsed and incident in there
        }
        return [news for news in found if news.incident not in channel.aside]

    async def _follow(self, channel: Channel, news: News) -> None:
        """Write down what a timeline has to tell; twice is once."""
        journal = self.parts.journal
        new = await journal.events(news.incident, news.read)
        if not new:
            return
        written = []
        if any(event.kind in DECISIVE for event in new):
            incident, events, told = await self._known(news.incident)
            wishes = self._wishes(incident)
            place_of = channel.tracker.place
            written = [*drafts(events, told, place_of, wishes, news.since)]
        read = new[-1].seq
        await self.post.write(channel.name, news.incident, read, written, self._now)

    async def _known(
        self, incident_id: str
    ) -> tuple[Incident, tuple[Event, ...], tuple[Moment, ...]]:
        incident = await self.parts.journal.incident(incident_id)
        events = await self.parts.journal.events(incident_id)
        service = self.parts.catalogue.services.get(incident.service)
        return incident, events, moments(events, service.autonomy if service else None)

    def _wishes(self, incident: Incident) -> Outside:
        service = self.parts.catalogue.services.get(incident.service)
        return service.outside if service else Outside()

    # --- sending --------------------------------------------------------------------------------

    async def _see_to(self, channel: Channel, message: Message) -> None:
        """Send one message, and write down what became of it."""
        became = await self._sent(channel, message)
        notes = _told_of(channel, message, became)
        if not await self.post.settle(message, became, notes, self._now):
            log.warning("somebody else has taken up a message", number=message.number)

    async def _sent(self, channel: Channel, message: Message) -> Became:
        why_not = self._why_not(message)
        if why_not is not None:
            return _not_told(why_not)
        try:
            sent = await self._send(channel, message)
        except (NotRedacted, TemporaryError) as error:
            return self._later(channel, message, error)
        except PermanentError as error:
            channel.failures = 0  # It answered, and will say the same again.
            return _not_told(str(error))
        except Exception as error:  # noqa: BLE001 - whatever broke, it is tried again and told
            return self._later(channel, message, PortUnavailable(mishap.told(error)))
        channel.failures = 0
        return Became(state=State.TOLD, text=sent.text, remote=sent.remote)

    def _why_not(self, message: Message) -> str | None:
        """Why it is not to be tried at all."""
        oldest = _oldest(message.deed)
        if self._now - message.said_at > oldest:
            return f"it is older than {_length(oldest)}, and would be taken for what is so now"
        if self.parts.redaction is None:
            return "there is no redactor, so nothing of an incident may leave"
        return None

    async def _send(self, channel: Channel, message: Message) -> Sent:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._still_so(message)
                if message.deed is Deed.ACKNOWLEDGE:
                    return await channel.tracker.acknowledge(message.place)
                sending = await self._said(message)
                if message.deed is Deed.RESOLVE:
                    return await channel.tracker.resolve(message.place, sending)
                return await channel.tracker.note(message.place, sending)
        except TimeoutError as error:
            why = f"{channel.name} did not answer within {DEADLINE_S:.0f} s"
            raise PortUnavailable(why) from error

    async def _still_so(self, message: Message) -> None:
        """What was said late may be read late; what is done late has to be right still.

        While a tracker was away the trouble may have come back, and into the same outside incident.
        """
        if message.deed is Deed.NOTE:
            return
        incident = await self.parts.journal.incident(message.incident)
        if message.deed is Deed.ACKNOWLEDGE:
            acts = incident.stage in AT_WORK and incident.waiting_on is None
            if not acts or message.key != acting_key(incident.attempt):
                raise PermanentError("not acknowledged: Vigil is not at work on it any more")
            return
        back = await self.parts.journal.newest(incident.id, "recurred") is not None
        there = await self.parts.journal.incidents(MOST_OPEN, only_open=True)
        same = ((each.service, each.symptom) for each in there)
        if back or (incident.service, incident.symptom) in same:
            raise PermanentError("not resolved: the same trouble is there again")
        for event in await self.parts.journal.events(incident.id):
            other = merged_with(event)
            if other and (await self.parts.journal.incident(other)).stage is not Stage.RESOLVED:
                why = "not resolved: what was merged with it there is not resolved"
                raise PermanentError(f"{why} (incident {other})")

    async def _said(self, message: Message) -> Sending:
        """What it says, by the timeline as it is now and by nothing else."""
        _, __, told = await self._known(message.incident)
        words = next((moment.words for moment in told if moment.key == message.key), None)
        if words is None:
            raise PermanentError("what it would tell is not on record any more")
        discretion = Discretion(message.incident, self.parts.redaction, self.parts.meanings)
        return Sending(
            text=await discretion.redacted(words),
            link=f"{self.url.rstrip('/')}/incidents/{message.incident}",
            mark=message.mark,
        )

    def _later(self, channel: Channel, message: Message, error: Exception) -> Became:
        """It stays due, unless it has been tried too often or would be too old by then."""
        why = str(error)
        asked = error.retry_after_s if isinstance(error, ToldToWait) else 0.0
        wait_s = max(_wait_s(message.tries), min(asked, LONGEST_ASKED_S))
        if not isinstance(error, NotRedacted):
            # The next message would fare no better, and a server that is down is not to be stormed.
            channel.failures += 1
            rest_s = max(_wait_s(channel.failures), min(asked, LONGEST_ASKED_S))
            channel.rests_until = self.parts.senses.clock.elapsed() + rest_s
        again_at = self._now + timedelta(seconds=wait_s)
        if message.tries >= MOST_TRIES:
            return _not_told(f"{why}; it was tried {message.tries} times")
        oldest = _oldest(message.deed)
        if again_at - message.said_at > oldest:
            return _not_told(f"{why}; it would be older than {_length(oldest)} by the next try")
        return Became(state=State.DUE, text=why, again_at=again_at)


def merged_with(event: Event) -> str | None:
    """The incident of Vigil's whose outside incident was merged with this one's."""
    told = event.payload or {}
    other = told.get("incident")
    merged = event.kind == "done_at_source" and told.get("did") == Did.MERGED
    return other if merged and isinstance(other, str) else None


def channel_health(name: str, standing: Standing, unread: Unread | None, now: Instant) -> Health:
    """What holds up its messages, or keeps them from being written down, if anything does."""
    text = f"{standing.told} told, {standing.due} due, {standing.not_told} not told"
    if standing.oldest_at is not None and standing.due:
        waits_s = max((now - standing.oldest_at).total_seconds(), 0.0)
        text += f"; the oldest waits for {waits_s:.0f} s"
    wrong, remedies = [], []
    if standing.failing is not None:
        wrong.append(standing.failing)
        remedies.append("what is due is tried again by itself, once that is mended")
    if unread is not None and now - unread.since > UNREAD:
        waits_s = (now - unread.since).total_seconds()
        wrong.append(f"incident {unread.incident} has not been read for {waits_s:.0f} s")
        remedies.append("see the log for why it is not read, and run `vigil audit verify`")
    if not wrong:
        return Health(part=f"post {name}", ok=True, text=text, vital=False)
    return Health(
        part=f"post {name}",
        ok=False,
        text=f"{text}: {'; '.join(wrong)}",
        remedy="; ".join(remedies),
        vital=False,
    )


def _not_told(why: str) -> Became:
    return Became(state=State.NOT_TOLD, text=why)


def _told_of(channel: Channel, message: Message, became: Became) -> list[Note]:
    """One event when it has come to its end, and one when it failed for the first time."""
    kind = {State.TOLD: "told", State.NOT_TOLD: "not_told", State.DUE: "not_told_yet"}
    if became.state is State.DUE and message.tries > 1:
        return []
    payload: dict[str, JsonValue] = {
        "channel": channel.name,
        "place": message.place,
        "deed": message.deed.value,
        "key": message.key,
        "text": became.text,
    }
    if became.remote:
        payload["remote"] = became.remote
    return [Note(kind=kind[became.state], payload=payload)]


def _wait_s(tries: int) -> float:
    return min(FIRST_WAIT_S * 2.0 ** min(tries - 1, 20), LONGEST_WAIT_S)


def _oldest(deed: Deed) -> timedelta:
    """What is older than that is not done any more."""
    return OLDEST_ACKNOWLEDGED if deed is Deed.ACKNOWLEDGE else OLDEST


def _length(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours:.0f} h" if hours >= 1 else f"{60 * hours:.0f} min"
