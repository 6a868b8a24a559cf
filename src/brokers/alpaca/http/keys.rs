//! Where keys come from: the environment, a credential of the service manager's, then `DIR/.env`. Never the command line.

#![expect(clippy::disallowed_methods, reason = "the edge: here the bot's .env is read")]

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

use thiserror::Error;

use crate::brokers::alpaca::http::host::{BaseUrl, HostError, PAPER_URL, unquoted};
use crate::brokers::alpaca::http::secret::Secret;

/// The variables that belong together (alpaca.md 1.3). One family is used whole; two are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The variable with the key's id.
    pub key: &'static str,
    /// The variable with its secret.
    pub secret: &'static str,
    /// The variable with the base URL.
    pub base_url: &'static str,
}

/// The families, in the order in which they are looked for (alpaca.md 1.3).
pub const FAMILIES: [Family; 4] = [
    Family { key: "APCA_API_KEY_ID", secret: "APCA_API_SECRET_KEY", base_url: "APCA_API_BASE_URL" },
    Family { key: "ALPACA_KEY", secret: "ALPACA_SECRET", base_url: "ALPACA_BASE_URL" },
    Family { key: "ALPACA_API_KEY", secret: "ALPACA_SECRET_KEY", base_url: "ALPACA_BASE_URL" },
    Family { key: "ALPACA_API_KEY", secret: "ALPACA_API_SECRET", base_url: "ALPACA_BASE_URL" },
];

/// The folder that a service manager puts credentials in, which no other service can read.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The credential that is read: lines as in `.env`.
const CREDENTIAL: &str = "alpaca.env";

/// The bot's own.
const ENV_FILE: &str = ".env";

/// No honest `.env` is larger; a device or a log under that name must not be read to its end.
const ENV_FILE_LIMIT: u64 = 1024 * 1024;

/// A key pair, the address it is for, and what is odd about them.
#[derive(Debug, Clone)]
pub struct Keys {
    pub(super) key: Secret,
    pub(super) secret: Secret,
    /// Where the keys may be sent.
    pub base_url: BaseUrl,
    /// The variables that the keys were found in.
    pub family: Family,
    /// What is worth telling the user; nothing here stops the run.
    pub warnings: Vec<KeyWarning>,
}

/// What is odd about the keys that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyWarning {
    /// A key that starts as paper keys do, and the live host (alpaca.md 1.2: a convention, no contract).
    PaperKeyOnLiveHost,
    /// A key that starts as live keys do, and the paper host.
    LiveKeyOnPaperHost,
    /// A line of a file that cannot be read. Its text is not repeated: it may hold a key.
    UnreadableLines {
        /// The file.
        file: &'static str,
        /// How many such lines.
        count: usize,
    },
}

impl fmt::Display for KeyWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PaperKeyOnLiveHost => formatter.write_str("the key looks like a paper key (PK…), but the host is live"),
            Self::LiveKeyOnPaperHost => formatter
                .write_str("the key looks like a live key (AK…), but the host is paper; live needs its base URL spelt out"),
            Self::UnreadableLines { file, count } => {
                write!(formatter, "{count} line(s) of {file} cannot be read and were passed over")
            }
        }
    }
}

/// Why there are no keys to use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeysError {
    /// No family has anything set.
    #[error("no Alpaca keys: set {} and {} in the environment or in .env", FAMILIES[0].key, FAMILIES[0].secret)]
    NotSet,
    /// One half of a pair.
    #[error("{found} is set but {missing} is not; set both, or unset {found} to use another pair")]
    HalfSet {
        /// The variable that is set.
        found: &'static str,
        /// What it needs beside it.
        missing: String,
    },
    /// A key that no HTTP header can carry.
    #[error("{variable} has characters that no key has (blanks, line breaks, or beyond ASCII); copy it again")]
    Unsendable {
        /// The variable it is in.
        variable: &'static str,
    },
    /// The base URL may not be given keys.
    #[error("{variable}: {why}")]
    BaseUrl {
        /// The variable it is in.
        variable: &'static str,
        /// What is wrong with it.
        why: HostError,
    },
    /// `.env`, or the credential, is there and cannot be read.
    #[error("{file} cannot be read ({reason}); mend it, or set the keys in the environment")]
    EnvFile {
        /// The file.
        file: &'static str,
        /// What the system said.
        reason: String,
    },
}

/// Finds the keys in `environment`, in the credential `alpaca.env` and in `directory/.env`; what is set in the first is not overridden by
/// the next. `allow_hosts` are hosts that may be given keys besides Alpaca's own and this machine.
///
/// A family that the environment or the credential names goes before one that only `.env` names; otherwise the order of [`FAMILIES`]
/// decides.
pub fn find(environment: &dyn Fn(&str) -> Option<String>, directory: &Path, allow_hosts: &[String]) -> Result<Keys, KeysError> {
    let given = match environment(CREDENTIALS) {
        Some(folder) => EnvFile::read(Path::new(&folder), CREDENTIAL)?,
        None => EnvFile::default(),
    };
    let set = |name: &str| {
        let own = environment(name).as_deref().map(unquoted).filter(|value| !value.is_empty()).map(str::to_owned);
        own.or_else(|| given.get(name))
    };
    if let Some(family) = choose(&set)? {
        // The pair is whole in the environment; only its base URL may still be in `.env`.
        let is_addressed = set(family.base_url).is_some();
        let file = if is_addressed { EnvFile::default() } else { EnvFile::read(directory, ENV_FILE)? };
        return assemble(family, &|name| set(name).or_else(|| file.get(name)), allow_hosts, &[given.unreadable, file.unreadable]);
    }
    let file = EnvFile::read(directory, ENV_FILE)?;
    let merged = |name: &str| set(name).or_else(|| file.get(name));
    let named = FAMILIES.iter().copied().find(|family| is_touched(*family, &set));
    let family = match named {
        Some(family) => half_or_whole(family, &merged)?,
        None => first_touched(&merged)?,
    };
    assemble(family, &merged, allow_hosts, &[given.unreadable, file.unreadable])
}

/// The family that the environment alone settles: the first it touches, when whole.
fn choose(set: &dyn Fn(&str) -> Option<String>) -> Result<Option<Family>, KeysError> {
    match first_touched(set) {
        Ok(family) => Ok(Some(family)),
        Err(KeysError::NotSet | KeysError::HalfSet { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn first_touched(set: &dyn Fn(&str) -> Option<String>) -> Result<Family, KeysError> {
    let touched = FAMILIES.iter().copied().find(|family| is_touched(*family, set)).ok_or(KeysError::NotSet)?;
    half_or_whole(touched, set)
}

fn is_touched(family: Family, set: &dyn Fn(&str) -> Option<String>) -> bool {
    set(family.key).is_some() || set(family.secret).is_some()
}

/// The touched family itself when whole, else a family that shares its variable and is whole.
fn half_or_whole(touched: Family, set: &dyn Fn(&str) -> Option<String>) -> Result<Family, KeysError> {
    let found = if set(touched.key).is_some() { touched.key } else { touched.secret };
    let sharing = || FAMILIES.iter().filter(move |family| family.key == found || family.secret == found);
    let whole = sharing().copied().find(|family| set(family.key).is_some() && set(family.secret).is_some());
    whole.ok_or_else(|| {
        let missing: Vec<_> = sharing().map(|family| if family.key == found { family.secret } else { family.key }).collect();
        KeysError::HalfSet { found, missing: missing.join(" (or ") + if missing.len() > 1 { ")" } else { "" } }
    })
}

fn assemble(
    family: Family,
    set: &dyn Fn(&str) -> Option<String>,
    allow_hosts: &[String],
    unreadable: &[Unreadable],
) -> Result<Keys, KeysError> {
    let key = sendable(family.key, set)?;
    let secret = sendable(family.secret, set)?;
    let address = set(family.base_url).unwrap_or_else(|| PAPER_URL.to_owned());
    let base_url = BaseUrl::parse(&address, allow_hosts).map_err(|why| KeysError::BaseUrl { variable: family.base_url, why })?;
    let mut warnings = Vec::new();
    match base_url.paper() {
        Some(false) if key.starts_with("PK") => warnings.push(KeyWarning::PaperKeyOnLiveHost),
        Some(true) if key.starts_with("AK") => warnings.push(KeyWarning::LiveKeyOnPaperHost),
        _ => {}
    }
    let unreadable = unreadable.iter().filter(|lines| lines.count > 0);
    warnings.extend(unreadable.map(|lines| KeyWarning::UnreadableLines { file: lines.file, count: lines.count }));
    Ok(Keys { key: Secret::new(key), secret: Secret::new(secret), base_url, family, warnings })
}

fn sendable(variable: &'static str, set: &dyn Fn(&str) -> Option<String>) -> Result<String, KeysError> {
    let value = set(variable).ok_or(KeysError::NotSet)?;
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(value) } else { Err(KeysError::Unsendable { variable }) }
}

/// Lines of a file that cannot be read.
#[derive(Clone, Copy, Default)]
struct Unreadable {
    file: &'static str,
    count: usize,
}

/// What `.env` or the credential sets. Nothing of it reaches the process environment.
#[derive(Default)]
struct EnvFile {
    values: BTreeMap<String, String>,
    unreadable: Unreadable,
}

impl EnvFile {
    fn read(directory: &Path, file: &'static str) -> Result<Self, KeysError> {
        let refused = |reason: String| KeysError::EnvFile { file, reason };
        let path = directory.join(file);
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        if !metadata.is_file() {
            return Err(refused("it is not a file".to_owned()));
        }
        let opened = std::fs::File::open(&path).map_err(|error| refused(error.to_string()))?;
        let mut bytes = Vec::new();
        opened.take(ENV_FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| refused(error.to_string()))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > ENV_FILE_LIMIT {
            return Err(refused("it is larger than 1 MiB".to_owned()));
        }
        let mut parsed = Self::parse(&String::from_utf8_lossy(&bytes));
        parsed.unreadable.file = file;
        Ok(parsed)
    }

    /// The first setting of a name counts, as in dotenvy's own loader.
    fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for setting in dotenvy::from_read_iter(text.trim_start_matches('\u{feff}').as_bytes()) {
            match setting {
                Ok((name, value)) => {
                    file.values.entry(name).or_insert(value);
                }
                Err(_) => file.unreadable.count += 1,
            }
        }
        file
    }

    fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| unquoted(value)).filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
