//! Outputs: one file per format. Only they turn a report into text.

mod accepted;
pub mod announcement;
pub mod audit;
pub mod biography;
mod document;
mod evidence;
mod findings;
mod fingerprint;
mod fixes;
pub mod html;
pub mod json;
pub mod junit;
mod many;
pub mod paint;
pub mod prometheus;
pub mod sarif;
pub mod schema;
pub mod settings;
mod sparkline;
pub mod stages;
pub(crate) mod table;
pub mod text;
mod trust;
pub mod watching;
