//! The parts of the bot's records that say nothing about positions: most of their bytes. What is marked `~` is another value in every record,
//! what is marked `?` in every second or so, about as often as in the bot's own.

use twox_hash::XxHash3_64;

/// A shape of which the marked values are those of one record.
pub fn lively(shape: &str, record: u64) -> String {
    let mut parts = shape.split_inclusive(['~', '?']);
    let mut told = String::with_capacity(shape.len());
    let mut mark = None;
    for (place, part) in (0u64..).zip(&mut parts) {
        let (text, next) = match part.strip_suffix('~') {
            Some(text) => (text, Some(1)),
            None => part.strip_suffix('?').map_or((part, None), |text| (text, Some(3))),
        };
        let drawn = XxHash3_64::oneshot(&[record.to_le_bytes(), place.to_le_bytes()].concat());
        match mark {
            Some(one_in) if drawn.is_multiple_of(one_in) => changed(text, drawn / one_in, &mut told),
            _ => told.push_str(text),
        }
        mark = next;
    }
    told
}

/// The text with which a value begins, with the last digit or letter of the value drawn anew.
fn changed(text: &str, drawn: u64, told: &mut String) {
    let end = text.find([',', '}', ')']).unwrap_or(text.len());
    let value = text[..end].trim_end_matches('"');
    let (rest, last) = value.split_at(value.len().saturating_sub(1));
    let other =
        if last.starts_with(|last: char| last.is_ascii_digit()) { b'1' + (drawn % 9) as u8 } else { b'A' + (drawn % 26) as u8 };
    told.push_str(rest);
    told.push(char::from(other));
    told.push_str(&text[value.len()..]);
}

/// Of an attribution record.
pub const COMPONENTS: &str = r#""components": {"flow": ?2.4, "dark_pool": ?0.157, "insider": ?0.076, "iv_skew": ?0.038, "smile": 0.004, "whale": 0.0, "event": ?0.206, "motif_bonus": 0.0, "toxicity_penalty": ?-0.163, "regime": 0.007, "congress": 0.0, "shorts_squeeze": 0.0, "institutional": 0.0, "market_tide": ?0.0, "calendar": 0.0, "greeks_gamma": ?0.121, "ftd_pressure": 0.036, "iv_rank": ?0.121, "oi_change": 0.042, "etf_flow": 0.036, "squeeze_score": ?0.024, "freshness_factor": ~0.988}"#;

/// Of an entry: what the bot knew of the market and of the symbol, of the market alone, or nothing.
pub const INTEL: [&str; 3] = [
    r#"{"v2_inputs": {"realized_vol_20d": ~0.28412, "beta_vs_spy": ~1.104327, "uw_conviction": ?0.6, "trade_count": 412, "volatility_regime": "mid", "market_trend": "up", "futures_direction": "flat", "spy_overnight_ret": 0.2, "qqq_overnight_ret": 0.1, "posture": "neutral", "direction": "bullish", "posture_confidence": 0.5, "weights_version": "2001-01-12_v01"}, "v2_uw_inputs": {"flow_strength": 0.6, "darkpool_bias": 0.1, "sentiment": "BULLISH", "earnings_proximity": 3, "sector_alignment": 0.1, "regime_alignment": 1.0, "uw_intel_version": "2001-01-12_uw_v1"}, "v2_uw_sector_profile": {"sector": ?"UNKNOWN", "version": "2001-01-12_sector_profiles_v1", "multipliers": {"flow_weight": ?1.0, "darkpool_weight": ?1.0, "earnings_weight": 1.0, "short_interest_weight": ?1.0}}, "v2_uw_regime_profile": {"regime_label": "CALM", "version": "2001-01-12_regime_v01", "alignment": 0.1}, "uw_intel_version": "2001-01-12_uw_v1"}"#,
    r#"{"v2_inputs": {"realized_vol_20d": ~0.28412, "beta_vs_spy": ~1.104327, "uw_conviction": ?0.6, "trade_count": 412, "volatility_regime": "mid", "market_trend": "up", "futures_direction": "flat", "spy_overnight_ret": 0.2, "qqq_overnight_ret": 0.1, "posture": "neutral", "direction": "bullish", "posture_confidence": 0.5, "weights_version": "2001-01-12_v01"}, "v2_uw_inputs": {}, "v2_uw_sector_profile": {}, "v2_uw_regime_profile": {}, "uw_intel_version": "2001-01-12_uw_v1"}"#,
    "{}",
];

/// Of an entry.
pub const WEIGHTS: &str = r#""first_signal_ts_utc": null, "metadata_incomplete": false, "account_equity_at_entry": ~50098.01, "confirm_score": null, "component_weights": {"flow_count": 1.0, "flow_premium": 1.0, "gamma": 1.0, "net_premium": 1.0, "volatility": 1.0, "institutional": 1.0, "market_tide": 1.0, "calendar": 1.0, "greeks_gamma": 1.2, "ftd_pressure": 1.0, "iv_rank": 1.0, "oi_change": 1.1, "darkpool": 0.0, "congress": 0.0, "shorts_squeeze": 0.0, "etf_flow": 0.0, "squeeze_score": 0.0}, "entry_action": null, "atr_mult": null, "size_scale": 1.0"#;

/// Of an exit.
pub const CLOSE: &str = r#""market_regime": "mixed", "direction": "bearish", "time_of_day": "MID_DAY", "day_of_week": "THURSDAY", "entry_hour": 14, "flow_magnitude": "HIGH", "signal_strength": "STRONG", "entry_price_source": "alpaca.order.filled_avg_price_or_position.avg_entry_price", "exit_price_source": "alpaca.order.filled_avg_price""#;

/// Of an exit's own attribution.
pub const EXIT: &str = r#""entry_uw": {"flow_strength": 0.6, "darkpool_bias": 0.1, "sentiment": "BULLISH", "earnings_proximity": 3, "sector_alignment": 0.1, "regime_alignment": 1.0}, "exit_uw": {"flow_strength": 0.6, "darkpool_bias": 0.1, "sentiment": "BULLISH", "earnings_proximity": 3, "sector_alignment": 0.1, "regime_alignment": 0.0}, "entry_regime": ?"BEAR", "exit_regime": ?"BEAR", "entry_sector_profile": {"sector": ?"UNKNOWN", "multipliers": {"flow_weight": ?1.0, "darkpool_weight": ?1.0, "earnings_weight": 1.0, "short_interest_weight": ?1.0}}, "exit_sector_profile": {"sector": ?"UNKNOWN", "multipliers": {"flow_weight": ?1.0, "darkpool_weight": ?1.0, "earnings_weight": 1.0, "short_interest_weight": ?1.0}}, "score_deterioration": ~3.1647000000000003, "relative_strength_deterioration": 0.0, "v2_exit_score": ~0.13788487500000002, "v2_exit_components": {"flow_deterioration": 0.0, "darkpool_deterioration": 0.0, "sentiment_deterioration": 0.0, "score_deterioration": ~0.3956, "regime_shift": 0.0, "sector_shift": 0.0, "vol_expansion": ?0.3899, "thesis_invalidated": 0.0, "earnings_risk": 0.0, "overnight_flow_risk": 0.0}, "replacement_candidate": null, "replacement_reasoning": null, "composite_version": "v2""#;
