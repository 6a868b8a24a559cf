//! Opens files as they were found: regular ones, whole, decompressed, and no longer than anything that a bot writes. What is otherwise is told
//! and not waited for.

#![expect(clippy::disallowed_methods, reason = "the edge: here files are looked at and opened")]

use flate2::read::MultiGzDecoder;
use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use crate::trouble::Reason;

/// Bytes asked of a file at once.
const BLOCK: usize = 1 << 20;

/// No log of a bot is so long once it is decompressed; a small file that is was made to be.
pub const LARGEST_DECODED: u64 = 16 << 30;

/// A file as it was found: what is appended later belongs to the next run, and what is no longer there is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its length in bytes.
    pub length: u64,
    /// Which file it is, where the system tells that.
    identity: Option<(u64, u64)>,
}

impl Found {
    /// Whatever is there when it is opened.
    pub const ANYTHING: Found = Found { length: u64::MAX, identity: None };

    /// A file as it is now. One that cannot be looked at is told when it is opened.
    pub fn at(file: &Path) -> Found {
        fs::metadata(file).map_or(Found::ANYTHING, |metadata| Found { length: metadata.len(), identity: identity(&metadata) })
    }

    /// Why it is not what was found.
    fn other(&self, metadata: &Metadata) -> Option<&'static str> {
        if self.identity.is_some() && self.identity != identity(metadata) {
            return Some("another file was put in its place while it was read: run it again");
        }
        let is_known = self.length != u64::MAX;
        (is_known && metadata.len() < self.length).then_some("it became shorter while it was read: run it again")
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

fn unreadable(error: io::Error) -> Reason {
    Reason::Unreadable(error.to_string())
}

/// Opens a file, decompressed by the end of its name.
pub fn open(file: &Path, found: &Found) -> Result<Box<dyn Read + Send>, Reason> {
    let plain = plain(file, found, 0)?;
    let buffered = |plain| BufReader::with_capacity(BLOCK, plain);
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Ok(Box::new(Bounded::of(MultiGzDecoder::new(buffered(plain)), LARGEST_DECODED))),
        Some("zst") => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(buffered(plain))
                .map_err(|error| Reason::BadCompression(error.to_string()))?;
            Ok(Box::new(Bounded::of(decoder, LARGEST_DECODED)))
        }
        _ => Ok(Box::new(plain)),
    }
}

/// Opens a file that is not compressed from a byte on.
pub fn plain(file: &Path, found: &Found, offset: u64) -> Result<impl Read + Send + use<>, Reason> {
    // Asked before opening: to open a pipe is to wait for its other end.
    if !fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(Reason::NotAFile);
    }
    let mut opened = File::open(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Reason::NotAFile);
    }
    if let Some(other) = found.other(&metadata) {
        return Err(Reason::Unreadable(other.to_owned()));
    }
    if offset > 0 {
        opened.seek(io::SeekFrom::Start(offset)).map_err(unreadable)?;
    }
    let left = metadata.len().min(found.length).saturating_sub(offset);
    Ok(Whole { file: opened, left })
}

/// Text of a file that people or this program write: a regular one, of UTF-8, no longer than `longest` bytes.
pub fn text(file: &Path, longest: u64) -> io::Result<String> {
    let metadata = fs::metadata(file)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > longest {
        return Err(io::Error::other(format!("it is longer than {longest} bytes")));
    }
    let mut text = String::new();
    File::open(file)?.take(longest).read_to_string(&mut text)?;
    Ok(text)
}

/// A file's bytes up to the length that it had: to end before is to fail.
struct Whole {
    file: File,
    left: u64,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read: run it again"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// What is decompressed, up to so many bytes: to go on after them is to fail.
struct Bounded<R> {
    of: R,
    left: u64,
    most: u64,
}

impl<R: Read> Bounded<R> {
    fn of(of: R, most: u64) -> Bounded<R> {
        Bounded { of, left: most, most }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.of.read(&mut buffer[..most])?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                let says = format!("decompressed it is longer than {} bytes", self.most);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, says));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut reader: impl Read) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut bytes = Vec::new();
        let failed = reader.read_to_end(&mut bytes).err().map(|error| error.kind());
        (bytes, failed)
    }

    #[test]
    fn what_is_decompressed_has_an_end() {
        assert_eq!(read(Bounded::of(&b"12345"[..], 5)), (b"12345".to_vec(), None));
        assert_eq!(read(Bounded::of(&b"123456"[..], 5)).1, Some(io::ErrorKind::FileTooLarge));
        assert_eq!(read(Bounded::of(io::repeat(0), 5)).1, Some(io::ErrorKind::FileTooLarge));
    }

    #[test]
    fn a_file_is_what_was_found_or_told() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "123456").unwrap();
        let found = Found::at(&file);
        assert_eq!(read(plain(&file, &found, 2).unwrap()), (b"3456".to_vec(), None));
        // Appended to: the rest is the next run's.
        fs::write(&file, "12345678").unwrap();
        assert_eq!(read(plain(&file, &found, 0).unwrap()), (b"123456".to_vec(), None));
        // Cut before it was opened, and after.
        let opened = plain(&file, &found, 0).unwrap();
        fs::write(&file, "123").unwrap();
        assert_eq!(read(opened), (b"123".to_vec(), Some(io::ErrorKind::UnexpectedEof)));
        assert!(matches!(plain(&file, &found, 0).err(), Some(Reason::Unreadable(says)) if says.contains("shorter")));
        // Another file in its place, longer than it was.
        fs::write(folder.path().join("b"), "1234567890").unwrap();
        fs::rename(folder.path().join("b"), &file).unwrap();
        let other = plain(&file, &found, 0).err();
        assert!(cfg!(not(unix)) || matches!(other, Some(Reason::Unreadable(says)) if says.contains("another file")));
        assert_eq!(read(plain(&file, &Found::ANYTHING, 0).unwrap()).0, b"1234567890");
    }
}
