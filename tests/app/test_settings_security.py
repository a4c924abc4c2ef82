"""Laws of the security settings: what fits together is taken, and secrets are never shown."""

import ssl
from pathlib import Path

import pytest

from app.settings import Settings, load_settings
from dev.kafka.security import make_authority, make_certificate
from models.errors import SettingsError

SECRET = "never-to-be-shown-7d1f"  # noqa: S105 of the tests
SASL = {"KAFKA_SECURITY": "SASL_PLAINTEXT", "KAFKA_USERNAME": "alice", "KAFKA_PASSWORD": SECRET}


def loaded(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    """The settings, from an environment with these."""
    for name, value in settings.items():
        monkeypatch.setenv(f"CLICKSTREAM_{name}", value)
    return load_settings()


def refused(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    """The sentences that they are refused with."""
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **settings)
    return str(caught.value).splitlines()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an authority, a certificate, and a key that has a passphrase."""
    directory = tmp_path_factory.mktemp("tls")
    make_authority(directory)
    make_certificate(directory, "one")
    make_certificate(directory, "two")
    return directory


def test_kafka_is_asked_in_plain_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a broker on one's own machine answers."""
    expected = {"bootstrap_servers": "localhost:9092", "security_protocol": "PLAINTEXT"}
    assert expected == loaded(monkeypatch).connection


def test_a_password_is_proved_by_scram_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The strongest mechanism is the default, and clients get what they need."""
    assert {
        "bootstrap_servers": "localhost:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "alice",
        "sasl_plain_password": SECRET,
    } == loaded(monkeypatch, **SASL).connection


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_secrets_can_lie_in_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    """As containers mount them; the end of the line is none of the secret."""
    file = tmp_path / "secret"
    file.write_bytes(f" {SECRET}{end}".encode())
    given = {**SASL, "KAFKA_PASSWORD": "", "KAFKA_PASSWORD_FILE": str(file)}
    assert f" {SECRET}" == loaded(monkeypatch, **given).connection["sasl_plain_password"]


def test_certificates_are_always_checked_and_tls_is_new(
    monkeypatch: pytest.MonkeyPatch, tls: Path
) -> None:
    """By the authority that is named, or the system's: there is no setting that trusts anybody."""
    named = loaded(monkeypatch, KAFKA_SECURITY="SSL", KAFKA_CA=str(tls / "ca.pem"))
    monkeypatch.delenv("CLICKSTREAM_KAFKA_CA")
    systems = loaded(monkeypatch, KAFKA_SECURITY="SSL")
    for settings in (named, systems):
        context = settings.connection["ssl_context"]
        assert (True, ssl.CERT_REQUIRED) == (context.check_hostname, context.verify_mode)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert 1 == len(named.connection["ssl_context"].get_ca_certs())


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL"])
def test_a_password_without_sasl_is_refused(monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    """Else it would be ignored, and Kafka be asked as nobody."""
    (line,) = refused(monkeypatch, **{**SASL, "KAFKA_SECURITY": security})
    assert (
        "CLICKSTREAM_KAFKA_USERNAME and CLICKSTREAM_KAFKA_PASSWORD need SASL; "
        f"CLICKSTREAM_KAFKA_SECURITY is {security}. Set CLICKSTREAM_KAFKA_SECURITY to SASL_SSL or "
        "SASL_PLAINTEXT, or unset them."
    ) == line


@pytest.mark.parametrize("name", ["KAFKA_CA", "KAFKA_CERT", "KAFKA_KEY"])
def test_a_certificate_without_tls_is_refused(
    monkeypatch: pytest.MonkeyPatch, tls: Path, name: str
) -> None:
    """Else records would go in plain where somebody meant TLS."""
    line, *_ = refused(monkeypatch, **{**SASL, name: str(tls / "ca.pem")})
    assert line.startswith(f"CLICKSTREAM_{name} need SSL; CLICKSTREAM_KAFKA_SECURITY is SASL_PL")


@pytest.mark.parametrize("missing", ["KAFKA_USERNAME", "KAFKA_PASSWORD"])
def test_sasl_needs_user_and_password(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """An empty variable is an unset one."""
    (line,) = refused(monkeypatch, **{**SASL, missing: ""})
    assert line.startswith("SASL needs a user and a password;")
    assert "CLICKSTREAM_KAFKA_PASSWORD_FILE." in line


@pytest.mark.parametrize("kind", ["KAFKA", "WEB"])
@pytest.mark.parametrize("given", ["CERT", "KEY"])
def test_a_certificate_goes_with_its_key(
    monkeypatch: pytest.MonkeyPatch, tls: Path, kind: str, given: str
) -> None:
    """One of the two is a slip."""
    settings = {"KAFKA_SECURITY": "SSL", f"{kind}_{given}": str(tls / "one.pem")}
    (line,) = refused(monkeypatch, **settings)
    assert f"one of CLICKSTREAM_{kind}_CERT and CLICKSTREAM_{kind}_KEY is missing" in line


@pytest.mark.parametrize("kind", ["KAFKA", "WEB"])
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ("one.pem none.key", "No such file or directory"),
        ("none.pem one.key", "No such file or directory"),
        ("one.pem two.key", "KEY_VALUES_MISMATCH"),
        ("one.key one.key", "can't be used"),
    ],
)
def test_files_that_can_not_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tls: Path, kind: str, files: str, why: str
) -> None:
    """At start, not at the first connection: variable, file, reason."""
    cert, key = (str(tls / name) for name in files.split())
    given = {f"{kind}_CERT": cert, f"{kind}_KEY": key}
    (line,) = refused(monkeypatch, KAFKA_SECURITY="SSL", **given)
    assert f"CLICKSTREAM_{kind}_" in line
    assert str(tls) in line
    assert why in line


def test_an_authority_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that is no PEM."""
    (tmp_path / "ca").write_text("nothing")
    (line,) = refused(monkeypatch, KAFKA_SECURITY="SSL", KAFKA_CA=str(tmp_path / "ca"))
    assert line.startswith("CLICKSTREAM_KAFKA_CA must name PEM files")


@pytest.mark.parametrize("name", ["KAFKA_PASSWORD", "WEB_TOKEN"])
def test_a_secret_is_given_once_and_in_a_file_that_holds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Twice, nowhere, empty, or no text: one sentence each."""
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff")
    faults = {tmp_path / "none": "No such file", empty: "must hold the secret", binary: "utf-8"}
    for file, why in faults.items():
        (line,) = refused(monkeypatch, **{f"{name}_FILE": str(file)})
        assert f"CLICKSTREAM_{name}_FILE" in line
        assert why in line
    (line,) = refused(monkeypatch, **{name: SECRET, f"{name}_FILE": str(empty)})
    assert line.endswith(f"CLICKSTREAM_{name} and CLICKSTREAM_{name}_FILE are set. Unset one.")


@pytest.mark.parametrize("token", ["x" * 15, "x" * 20 + " ", "ä" * 20, "x" * 20 + "\x7f"])
def test_a_token_is_long_and_can_be_sent(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """16 characters at least, of those that a header carries; it is not shown."""
    (line,) = refused(monkeypatch, WEB_TOKEN=token)
    assert line.startswith("CLICKSTREAM_WEB_TOKEN must be 16 characters of ASCII at least")
    assert token not in line


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the settings themselves, nor by the complaint about another one."""
    settings = loaded(monkeypatch, **SASL, WEB_TOKEN=SECRET)
    assert (
        SECRET
        not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    )
    lines = refused(monkeypatch, KAFKA_SECURITY="SSL", WEB_CERT="x", PARTITIONS="0")
    assert SECRET not in "\n".join(lines)
