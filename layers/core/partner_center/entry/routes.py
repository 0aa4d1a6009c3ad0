"""Every route of the public interface: what the gateway knows, what docs/openapi.json describes."""

ROUTES: tuple[tuple[str, str], ...] = (
    ("GET", "/card/{token}"),
    ("HEAD", "/card/{token}"),
    ("POST", "/card/{token}"),
    ("GET", "/approve/{token}"),
    ("HEAD", "/approve/{token}"),
    ("POST", "/approve/{token}"),
    ("GET", "/v1/account"),
    ("PATCH", "/v1/account"),
    ("GET", "/v1/agreements/{code}"),
    ("GET", "/v1/certificates/{serial}"),
    ("GET", "/v1/certificates/{serial}/download"),
    ("GET", "/v1/contracts"),
    ("POST", "/v1/contracts"),
    ("GET", "/v1/contracts/{contract_id}"),
    ("GET", "/v1/contracts/{contract_id}/ledger"),
    ("POST", "/v1/certificates/{serial}/revoke"),
    ("POST", "/v1/compromised-keys"),
    ("POST", "/v1/csr/inspect"),
    ("GET", "/v1/domains"),
    ("GET", "/v1/orders"),
    ("POST", "/v1/orders"),
    ("POST", "/v1/orders/validate"),
    ("GET", "/v1/orders/{order_id}"),
    ("PATCH", "/v1/orders/{order_id}"),
    ("POST", "/v1/orders/{order_id}/cancel"),
    ("GET", "/v1/orders/{order_id}/domains"),
    ("POST", "/v1/orders/{order_id}/domains/check"),
    ("GET", "/v1/orders/{order_id}/domains/{name}/approvers"),
    ("POST", "/v1/orders/{order_id}/domains/{name}/check"),
    ("PUT", "/v1/orders/{order_id}/domains/{name}/method"),
    ("POST", "/v1/orders/{order_id}/domains/{name}/resend"),
    ("GET", "/v1/orders/{order_id}/messages"),
    ("DELETE", "/v1/payment-method"),
    ("GET", "/v1/payment-method"),
    ("POST", "/v1/payment-method"),
    ("GET", "/v1/orders/{order_id}/reissues"),
    ("POST", "/v1/orders/{order_id}/reissues"),
    ("GET", "/v1/orders/{order_id}/reissues/{reissue_id}"),
    ("POST", "/v1/orders/{order_id}/reissues/{reissue_id}/cancel"),
    ("POST", "/v1/orders/{order_id}/renewals"),
    ("POST", "/v1/orders/{order_id}/replacements"),
    ("POST", "/v1/orders/{order_id}/revoke"),
    ("POST", "/v1/problem-reports"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{code}"),
    ("POST", "/v1/staff/objections/{objection_id}/settle"),
    ("GET", "/v1/staff/queues/certificates"),
    ("PUT", "/v1/staff/orders/{order_id}/payment-method"),
    ("POST", "/v1/staff/orders/{order_id}/settle"),
    ("GET", "/v1/staff/queues/payments"),
    ("POST", "/v1/staff/contracts/{contract_id}/activate"),
    ("GET", "/v1/staff/queues/contracts"),
    ("POST", "/v1/staff/problem-reports/{report_id}/decide"),
    ("GET", "/v1/staff/queues/problem-reports"),
    ("GET", "/v1/staff/queues/quality-review"),
    ("POST", "/v1/staff/tasks/{task_id}/decide"),
    ("POST", "/webhooks/stripe"),
)


def allowed_methods(path: str) -> tuple[str, ...]:
    """The verbs that `path` knows; none when there is no such path."""
    wanted = path.split("/")
    return tuple(method for method, route in ROUTES if _matches(route.split("/"), wanted))


def _matches(route: list[str], path: list[str]) -> bool:
    if len(route) != len(path):
        return False
    return all(
        part == given or (part.startswith("{") and given != "")
        for part, given in zip(route, path, strict=True)
    )
