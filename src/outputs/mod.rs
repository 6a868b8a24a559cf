//! Outputs: one file per format. Only they turn a report into text.

pub mod audit;
pub mod biography;
mod document;
mod fingerprint;
pub mod json;
pub mod junit;
pub mod paint;
pub mod sarif;
pub mod stages;
pub mod text;
mod trust;
