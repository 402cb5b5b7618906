"""E-mail addresses for Schemathesis: the format mail-address is the project's own, a subset of RFC 5321 and RFC 6531."""

import schemathesis
from hypothesis import strategies as st

local = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True)
label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
top = st.from_regex(r"[a-z]{2,6}", fullmatch=True)

schemathesis.openapi.format(
    "mail-address", st.builds("{}@{}.{}".format, local, label, top)
)
