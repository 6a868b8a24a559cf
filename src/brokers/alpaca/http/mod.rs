//! Alpaca's Trading API over HTTP, read only: GET is the only verb that exists here.
//!
//! | file | what it knows |
//! |---|---|
//! | `secret.rs` | a key that cannot be printed |
//! | `host.rs` | which hosts may be given keys |
//! | `keys.rs` | where keys come from |
//! | `paths.rs` | where each endpoint lies |
//! | `budget.rs` | how often we may ask |
//! | `retry.rs` | what is worth asking again, and when |
//! | `refusal.rs` | why a request gave no answer |
//! | `body.rs` | an answer's headers and body, up to a limit |
//! | `client.rs` | one GET, sent until it is answered |
//! | `pages.rs` | lists that come in pages |
//! | `coherence.rs` | whether two looks at the account agree |
//! | `read.rs` | the whole account, as one coherent reading |

mod body;
mod budget;
pub mod client;
mod coherence;
pub mod host;
pub mod keys;
mod pages;
mod paths;
pub mod read;
pub mod refusal;
pub mod retry;
pub mod secret;
