//! Dirt that a reader must survive: none of it changes what happened.

use super::chance::Chance;
use super::moment::Moment;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Twice,
    Late,
    NotANumber,
    Zoneless,
    Epoch,
    Blank,
    Prose,
    Torn,
    NotText,
    CarriageReturns,
    ByteOrderMark,
}

const KINDS: [Kind; 11] = [
    Kind::Twice,
    Kind::Late,
    Kind::NotANumber,
    Kind::Zoneless,
    Kind::Epoch,
    Kind::Blank,
    Kind::Prose,
    Kind::NotText,
    Kind::Torn,
    Kind::CarriageReturns,
    Kind::ByteOrderMark,
];

/// The file's bytes, and whether lines are among them that are no records.
pub fn soil(path: &str, lines: &[String], chance: &mut Chance) -> (Vec<u8>, bool) {
    if lines.is_empty() {
        return (Vec::new(), false);
    }
    let mut lines: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
    let kinds: Vec<Kind> = KINDS.into_iter().filter(|_| chance.percent(40)).collect();
    let (mut tail, mut broken) = (Vec::new(), false);
    for kind in &kinds {
        let count = i64::try_from(lines.len()).unwrap_or(0);
        let place = usize::try_from(chance.between(0, count)).unwrap_or(0);
        match kind {
            Kind::Twice => lines.insert(place, lines[place].clone()),
            // A row arrives some lines late, and never far from the minute it belongs to.
            Kind::Late => {
                let row = lines.remove(place);
                let later = place + usize::try_from(chance.between(1, 5)).unwrap_or(1);
                lines.insert(later.min(lines.len()), row);
            }
            Kind::NotANumber => change(&mut lines[place], |text| text.replacen(r#""pnl_usd": 1.0"#, r#""pnl_usd": NaN"#, 1)),
            Kind::Zoneless => {
                change(&mut lines[place], |text| respell(&text, |stamp| stamp.trim_end_matches('Z').replace("+00:00", "")))
            }
            Kind::Epoch if path == "logs/exit.jsonl" => change(&mut lines[place], |text| epoch(&text)),
            Kind::Epoch => {}
            Kind::Blank => lines.insert(place, Vec::new()),
            Kind::Prose => lines.insert(place, b"Traceback (most recent call last):".to_vec()),
            Kind::NotText => lines.push(b"{\"ts\": \"x\", \"msg\": \"\xff\xfe\xfa\"}".to_vec()),
            Kind::Torn => tail = lines.last().map(|line| line[..line.len() / 2].to_vec()).unwrap_or_default(),
            Kind::CarriageReturns | Kind::ByteOrderMark => {}
        }
        broken |= matches!(kind, Kind::Prose | Kind::NotText | Kind::Torn);
    }
    let end: &[u8] = if kinds.contains(&Kind::CarriageReturns) { b"\r\n" } else { b"\n" };
    let mut bytes = if kinds.contains(&Kind::ByteOrderMark) { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
    for line in lines {
        bytes.extend(line);
        bytes.extend_from_slice(end);
    }
    bytes.extend(tail);
    (bytes, broken)
}

fn change(line: &mut Vec<u8>, how: impl Fn(String) -> String) {
    if let Ok(text) = String::from_utf8(line.clone()) {
        *line = how(text).into_bytes();
    }
}

/// The row with another spelling of its first time.
fn respell(text: &str, how: impl Fn(&str) -> String) -> String {
    const BEFORE: &str = "\"ts\": \"";
    let Some(start) = text.find(BEFORE).map(|at| at + BEFORE.len()) else { return text.to_owned() };
    let Some(length) = text[start..].find('"') else { return text.to_owned() };
    format!("{}{}{}", &text[..start], how(&text[start..start + length]), &text[start + length..])
}

/// The row with its time as seconds since 1970, a float.
fn epoch(text: &str) -> String {
    let Some(rest) = text.strip_prefix("{\"ts\": \"") else { return text.to_owned() };
    let Some((stamp, rest)) = rest.split_once('"') else { return text.to_owned() };
    match chrono::DateTime::parse_from_rfc3339(stamp) {
        Ok(time) => {
            let micros: Moment = time.timestamp_micros();
            format!("{{\"ts\": {}.{:06}{rest}", micros / 1_000_000, micros % 1_000_000)
        }
        Err(_) => text.to_owned(),
    }
}
