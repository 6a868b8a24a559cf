//! The service manager: told that the watch is ready, that a look ended, how it stands, that it stops (`sd_notify`).
//!
//! Lines on a datagram socket, as its manual has them; without `NOTIFY_SOCKET`, nobody is told.

use std::time::Duration;

use crate::source::harmless;

/// The most characters of a status.
const STATUS: usize = 200;

/// Who started the watch, if that was a service manager that wants to be told.
#[derive(Debug)]
pub struct Systemd {
    #[cfg(target_os = "linux")]
    socket: Option<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// Finds it by what the environment says.
    pub fn of(environment: &dyn Fn(&str) -> Option<String>) -> Result<Systemd, String> {
        let watchdog = environment("WATCHDOG_USEC").and_then(|text| text.parse().ok()).map(Duration::from_micros);
        let meant = environment("WATCHDOG_PID").is_none_or(|process| process == std::process::id().to_string());
        Ok(Systemd {
            #[cfg(target_os = "linux")]
            socket: environment("NOTIFY_SOCKET").map(|path| opened(&path)).transpose()?,
            watchdog: watchdog.filter(|_| meant),
        })
    }

    /// What is wrong with a watchdog that is less patient than two looks take.
    pub fn impatient(&self, interval: Duration) -> Option<String> {
        let watchdog = self.watchdog.filter(|watchdog| *watchdog < interval * 2)?;
        let (has, needs) = (watchdog.as_secs(), interval.as_secs());
        Some(format!(
            "WatchdogSec={has}: the service manager would end a watch that looks every {needs} s; let it be three intervals"
        ))
    }

    /// The watch looks from now on.
    pub fn ready(&self, status: &str) -> Result<(), String> {
        self.send(&format!("READY=1\nSTATUS={}", harmless(status, STATUS)))
    }

    /// A look ended.
    pub fn looked(&self, status: &str) -> Result<(), String> {
        self.send(&format!("WATCHDOG=1\nSTATUS={}", harmless(status, STATUS)))
    }

    /// The watch ends because it was asked to.
    pub fn stopping(&self) -> Result<(), String> {
        self.send("STOPPING=1")
    }

    #[cfg(target_os = "linux")]
    fn send(&self, lines: &str) -> Result<(), String> {
        let Some((socket, address)) = &self.socket else { return Ok(()) };
        socket.send_to_addr(lines.as_bytes(), address).map(drop).map_err(|error| format!("NOTIFY_SOCKET: {error}"))
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// A path, or a name that lies in no folder and begins with `@`.
#[cfg(target_os = "linux")]
fn opened(path: &str) -> Result<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr), String> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match path.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(path),
    };
    let opened = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        // A service manager that does not read must not hold up a look.
        socket.set_nonblocking(true)?;
        Ok((socket, address))
    });
    opened.map_err(|error| format!("NOTIFY_SOCKET: {error}"))
}
