//! Where each endpoint lies below the base URL (`alpaca.md` 1.1).

use crate::brokers::Endpoint;

impl Endpoint {
    /// Its path below the base URL.
    pub(super) fn path(self) -> &'static str {
        match self {
            Endpoint::Account => "/v2/account",
            Endpoint::Positions => "/v2/positions",
            Endpoint::Orders => "/v2/orders",
            Endpoint::Activities => "/v2/account/activities",
            Endpoint::Clock => "/v2/clock",
            Endpoint::Calendar => "/v2/calendar",
        }
    }
}
