"""What a function is told by its environment (template.yaml), as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass

from partner_center.adapters.tables import TableNames


@dataclass(frozen=True, slots=True)
class Settings:
    """Empty, or nought, where a function has no use for the thing, and then no permission for it either."""

    tables: TableNames
    public_url: str
    machine_arn: str
    bus_name: str
    vault_key_id: str
    mail_sender: str
    mail_configuration_set: str
    region: str
    dns_server: str
    web_server: str
    perspectives: tuple[str, ...]
    block_list_bucket: str
    required_block_lists: tuple[str, ...]
    oldest_suffix_list: int
    exposed_keys_queue: str
    repository_bucket: str
    key_quota: int
    address_quota: int
    check_control: str
    ask_again: str
    payment_api: str
    payment_script: str
    payment_publishable_key: str
    payment_secrets: str
    payments_to_settle: str
    relay_failures: str
    reminder_queue: str
    reminder_rate: float
    reminder_workers: int


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; the public URL comes without its closing slash."""

    def text(name: str) -> str:
        return environment.get(name, "")

    return Settings(
        tables=TableNames(
            business=text("BUSINESS_TABLE"),
            validation=text("VALIDATION_TABLE"),
            issuance=text("ISSUANCE_TABLE"),
            access=text("ACCESS_TABLE"),
            audit=text("AUDIT_TABLE"),
            quota=text("QUOTA_TABLE"),
        ),
        public_url=text("PUBLIC_URL").rstrip("/"),
        machine_arn=text("MACHINE_ARN"),
        bus_name=text("BUS_NAME"),
        vault_key_id=text("VAULT_KEY_ID"),
        mail_sender=text("MAIL_SENDER"),
        mail_configuration_set=text("MAIL_CONFIGURATION_SET"),
        region=text("AWS_REGION"),
        dns_server=text("DNS_SERVER"),
        web_server=text("WEB_SERVER"),
        perspectives=tuple(filter(None, text("PERSPECTIVES").split(","))),
        block_list_bucket=text("BLOCK_LIST_BUCKET"),
        required_block_lists=tuple(filter(None, text("REQUIRED_BLOCK_LISTS").split(","))),
        oldest_suffix_list=int(text("OLDEST_SUFFIX_LIST") or 0),
        exposed_keys_queue=text("EXPOSED_KEYS_QUEUE"),
        repository_bucket=text("REPOSITORY_BUCKET"),
        key_quota=int(text("KEY_QUOTA") or 0),
        address_quota=int(text("ADDRESS_QUOTA") or 0),
        check_control=text("CHECK_CONTROL_FUNCTION"),
        ask_again=text("ASK_AGAIN_FUNCTION"),
        payment_api=text("PAYMENT_API").rstrip("/"),
        payment_script=text("PAYMENT_SCRIPT"),
        payment_publishable_key=text("PAYMENT_PUBLISHABLE_KEY"),
        payment_secrets=text("PAYMENT_SECRETS").rstrip("/"),
        payments_to_settle=text("PAYMENTS_TO_SETTLE"),
        relay_failures=text("RELAY_FAILURES"),
        reminder_queue=text("REMINDER_QUEUE"),
        reminder_rate=float(text("REMINDER_RATE") or 0),
        reminder_workers=int(text("REMINDER_WORKERS") or 0),
    )
