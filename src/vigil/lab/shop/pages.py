"""The pages a customer sees."""

import secrets
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from . import pricing, receipts
from .baskets import MOST_OF_ONE, Baskets
from .catalogue import on_sale
from .checkout import Form, basket_lines, new_order_id, place_order
from .storage import Storage

SESSION = "sid"
MOST_TEXT = 200


def money(cents: int) -> str:
    return f"€{cents / 100:,.2f}"


class Pages:
    def __init__(self, shop_name: str, storage: Storage, baskets: Baskets) -> None:
        self._storage = storage
        self._baskets = baskets
        self._templates = Jinja2Templates(directory=Path(__file__).with_name("templates"))
        self._templates.env.globals["shop_name"] = shop_name
        self._templates.env.filters["money"] = money

    def routes(self) -> list[Route]:
        return [
            Route("/", self.catalogue),
            Route("/basket", self.basket),
            Route("/basket", self.add_to_basket, methods=["POST"]),
            Route("/checkout", self.checkout_form),
            Route("/checkout", self.checkout, methods=["POST"]),
            Route("/orders/{order_id}", self.order),
            Route("/orders/{order_id}/receipt", self.receipt),
        ]

    def page(
        self, request: Request, name: str, status: HTTPStatus = HTTPStatus.OK, **context: object
    ) -> Response:
        return self._templates.TemplateResponse(request, name, dict(context), status_code=status)

    def message(self, request: Request, status: HTTPStatus, text: str) -> Response:
        return self.page(request, "message.html", status, heading=status.phrase, text=text)

    def catalogue(self, request: Request) -> Response:
        products = on_sale(self._storage, self._baskets)
        return self.page(request, "catalogue.html", products=products)

    def basket(self, request: Request) -> Response:
        lines = basket_lines(self._storage, self._baskets, request.cookies.get(SESSION, ""))
        return self.page(
            request, "basket.html", lines=lines, subtotal=pricing.subtotal_cents(lines)
        )

    async def add_to_basket(self, request: Request) -> Response:
        form = await request.form()
        sku, quantity = str(form.get("sku", "")), str(form.get("quantity", "1"))
        if not quantity.isdecimal() or not 1 <= int(quantity) <= MOST_OF_ONE:
            return self.message(request, HTTPStatus.BAD_REQUEST, "Choose between 1 and 99.")
        if not await run_in_threadpool(self._storage.products_by_sku, [sku]):
            return self.message(request, HTTPStatus.NOT_FOUND, "We do not sell that.")
        session = request.cookies.get(SESSION) or secrets.token_urlsafe(16)
        await run_in_threadpool(self._baskets.add, session, sku, int(quantity))
        response = RedirectResponse("/basket", HTTPStatus.SEE_OTHER)
        response.set_cookie(SESSION, session, httponly=True, samesite="lax")
        return response

    def checkout_form(self, request: Request) -> Response:
        lines = basket_lines(self._storage, self._baskets, request.cookies.get(SESSION, ""))
        return self.page(request, "checkout.html", lines=lines, order_id=new_order_id())

    async def checkout(self, request: Request) -> Response:
        sent = await request.form()
        form = Form(
            name=str(sent.get("name", "")).strip()[:MOST_TEXT],
            address=str(sent.get("address", "")).strip()[:MOST_TEXT],
            card=str(sent.get("card", "")).strip()[:MOST_TEXT],
            order_id=str(sent.get("order_id", "") or new_order_id())[:MOST_TEXT],
        )
        if not form.complete:
            return self.message(request, HTTPStatus.BAD_REQUEST, "Fill in all fields, please.")
        session = request.cookies.get(SESSION, "")
        order_id = await run_in_threadpool(place_order, self._storage, self._baskets, session, form)
        if order_id is None:
            return RedirectResponse("/basket", HTTPStatus.SEE_OTHER)
        return RedirectResponse(f"/orders/{order_id}", HTTPStatus.SEE_OTHER)

    def order(self, request: Request) -> Response:
        order = self._storage.order(request.path_params["order_id"])
        if order is None:
            return self.message(request, HTTPStatus.NOT_FOUND, "We know no such order.")
        return self.page(request, "order.html", order=order)

    def receipt(self, request: Request) -> Response:
        paid = self._storage.receipt(request.path_params["order_id"])
        if paid is None:
            return self.message(request, HTTPStatus.NOT_FOUND, "There is no receipt for that yet.")
        return self.page(
            request,
            "receipt.html",
            receipt=paid,
            number=receipts.number(paid),
            sums=receipts.sums(paid),
        )
