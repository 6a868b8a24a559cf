//! The page in a real browser: headless Chromium reads, clicks, drags, types, and is watched.
//!
//! It runs where `chromium` is installed (`.ci/run` sees to that), and says elsewhere that it was left out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, says when there is no browser, and brings its own files"
)]

mod folders;

use folders::copy;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// What keeps Chromium to itself: it may run as root in a container, and asks nobody for anything.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// How long an answer of the browser may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A Chromium that ends with the test.
struct Chromium(Child);

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The line to the browser, in its own protocol: messages go out numbered, answers bear the number, everything else is news.
struct Line {
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    sent: u64,
    heard: Vec<String>,
}

impl Line {
    fn to(profile: &Path) -> Line {
        let told = profile.join("DevToolsActivePort");
        let (port, path) = (0..600)
            .find_map(|_| {
                std::thread::sleep(Duration::from_millis(100));
                let text = std::fs::read_to_string(&told).ok()?;
                let (port, path) = text.trim().split_once('\n')?;
                Some((port.parse::<u16>().ok()?, path.to_owned()))
            })
            .unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream).unwrap();
        Line { socket, session: None, sent: 0, heard: Vec::new() }
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.sent {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.heard.extend(complaint(&answer));
        }
    }
}

/// A window of it.
struct Window {
    line: RefCell<Line>,
    _chromium: Chromium,
    _profile: TempDir,
}

impl Window {
    /// `None`, with a word, where there is no Chromium.
    fn open() -> Option<Window> {
        let Some(chromium) = installed("chromium") else {
            println!("skipped: no chromium is installed here");
            return None;
        };
        let profile = TempDir::new().unwrap();
        let mut command = Command::new(chromium);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let chromium = Chromium(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = Line::to(profile.path());
        let target = line.ask("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].take();
        let session = line.ask("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        line.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            line.ask(&format!("{domain}.enable"), &json!({}));
        }
        Some(Window { line: RefCell::new(line), _chromium: chromium, _profile: profile })
    }

    fn ask(&self, method: &str, parameters: &Value) -> Value {
        self.line.borrow_mut().ask(method, parameters)
    }

    fn show(&self, page: &Path, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        self.ask("Page.navigate", &json!({"url": "about:blank"}));
        let address = url::Url::from_file_path(page).unwrap();
        self.ask("Page.navigate", &json!({"url": address.as_str()}));
        self.until(
            "location.protocol === 'file:' && document.readyState === 'complete' && document.getElementById('tip') !== null",
        );
    }

    /// What a script gives.
    fn run(&self, script: &str) -> Value {
        let wrapped = format!("(() => {{ {script} }})()");
        let mut answer = self.ask("Runtime.evaluate", &json!({"expression": wrapped, "returnByValue": true}));
        assert!(answer.get("exceptionDetails").is_none(), "{script}: {answer:#}");
        answer["result"]["value"].take()
    }

    fn until(&self, condition: &str) {
        for _ in 0..100 {
            if self.run(&format!("return {condition}")) == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never came true: {condition}");
    }

    /// The text that is seen of the first element.
    fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({})?.innerText", json!(selector)));
        text.as_str().unwrap_or_else(|| panic!("{selector} is not there")).to_owned()
    }

    /// Where an element's middle is in the window, once it is in view.
    fn middle(&self, selector: &str) -> (f64, f64) {
        let script = format!(
            "const e = document.querySelector({}); e.scrollIntoView({{block: 'center'}});
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]",
            json!(selector)
        );
        let at = self.run(&script);
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    }

    fn point(&self, (x, y): (f64, f64)) {
        self.ask("Input.dispatchMouseEvent", &json!({"type": "mouseMoved", "x": x, "y": y}));
    }

    fn press(&self, what: &str, (x, y): (f64, f64)) {
        let pressed = i32::from(what != "mouseReleased");
        let event = json!({"type": what, "x": x, "y": y, "button": "left", "buttons": pressed, "clickCount": 1});
        self.ask("Input.dispatchMouseEvent", &event);
    }

    fn click_at(&self, at: (f64, f64)) {
        self.point(at);
        self.press("mousePressed", at);
        self.press("mouseReleased", at);
    }

    fn click(&self, selector: &str) {
        self.click_at(self.middle(selector));
    }

    /// Presses a key: its name, its number, and what it writes.
    fn key(&self, key: &str, number: u32, text: &str) {
        let mut event = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": number});
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.ask("Input.dispatchKeyEvent", &event);
        self.ask("Input.dispatchKeyEvent", &json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": number}));
    }

    fn write(&self, selector: &str, text: &str) {
        self.run(&format!("const e = document.querySelector({}); e.focus(); e.select()", json!(selector)));
        self.ask("Input.insertText", &json!({"text": text}));
    }

    /// Nothing was complained of, and nothing was asked for but pages on this disk.
    fn was_quiet(&self) {
        // What was said before an answer came before it.
        self.run("return 1");
        let heard = std::mem::take(&mut self.line.borrow_mut().heard);
        assert!(heard.is_empty(), "{heard:#?}");
    }
}

/// What the browser says of a page that is not as it should be: errors, violations of its policy, anything on the console, any request.
fn complaint(news: &Value) -> Option<String> {
    match news["method"].as_str()? {
        "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => Some(news.to_string()),
        "Network.requestWillBeSent" => {
            let url = news["params"]["request"]["url"].as_str().unwrap_or("?");
            let own = ["file:///", "data:", "about:"].iter().any(|scheme| url.starts_with(scheme));
            (!own).then(|| format!("asked for {url}"))
        }
        _ => None,
    }
}

/// The page of a bot's directory.
fn page(folder: &TempDir, name: &str, arguments: &[&str]) -> PathBuf {
    let page = folder.path().join(format!("{name}.html"));
    let mut command = assert_cmd::Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(["--format", "html", "-o"]).arg(&page);
    let output = command.output().unwrap();
    assert!(page.is_file() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    page
}

fn case(folder: &TempDir, name: &str) -> PathBuf {
    let directory = format!("corpus/{name}");
    page(folder, name, &["replay", &directory, "--broker", &format!("{directory}/broker")])
}

#[test]
fn a_page_is_read_clicked_and_dragged() {
    let Some(window) = Window::open() else { return };
    let pages = TempDir::new().unwrap();
    let incident = case(&pages, "scale-out-that-bought");
    an_incident_is_understood(&window, &incident);
    the_picture_is_zoomed_and_pointed_at(&window, &incident);
    the_keyboard_does_the_same(&window, &incident);
    biographies_and_the_tape_are_filtered(&window, &case(&pages, "two-faults-with-an-agreement-between"));
    data_does_nothing(&window, &pages);
    for name in ["scale-out-that-bought", "quiet-day", "executor-file-gone", "tape-begins-in-mid-life"] {
        nothing_sticks_out(&window, &case(&pages, name));
    }
    let audit = ["audit", "corpus/quiet-day", "--broker", "corpus/quiet-day/broker", "--at", "2026-03-12T15:00:00Z"];
    nothing_sticks_out(&window, &page(&pages, "audit", &audit));
}

/// The band says what happened, and the proof is a click away.
fn an_incident_is_understood(window: &Window, page: &Path) {
    window.show(page, 1280);
    assert!(window.text("h1").contains("Breaks"));
    let headline = window.text(".headlines li");
    assert!(headline.contains("the scale-out of 3 DAL at 14:15:04 bought instead of sold: 10 + 3 = 13, not 7"), "{headline}");
    assert_eq!(window.run("return document.querySelector('details.card').open"), true, "the worst card is open");
    window.click("details.card > summary");
    assert_eq!(window.run("return document.querySelector('details.card').open"), false);
    window.click(".headlines a");
    window.until("document.querySelector('details.card').open");
    let card = window.text("details.card");
    for proof in
        ["scale_out_wrong_side", "logs/attribution.jsonl:2", "\"symbol\": \"DAL\"", "tapecheck explain scale_out_wrong_side"]
    {
        assert!(card.contains(proof), "{proof} is not in {card}");
    }
    let top = window.run("return document.querySelector('details.card').getBoundingClientRect().top");
    assert!(top.as_f64().is_some_and(|top| (0.0..450.0).contains(&top)), "the card is in view: {top}");
    window.was_quiet();
}

fn the_picture_is_zoomed_and_pointed_at(window: &Window, page: &Path) {
    window.show(page, 1280);
    let view = "document.querySelector('a.lane svg').getAttribute('viewBox')";
    let whole = window.run(&format!("return {view}"));
    // What fails is pointed at: its words and its place.
    let (x, y) = window.middle("a.lane svg path.failed");
    window.point((x, y));
    window.until("!document.getElementById('tip').hidden");
    let tip = window.text("#tip");
    assert!(tip.contains("fails") && tip.contains("broker/activities.json:3"), "{tip}");
    // A stretch is dragged over: the picture shows it alone.
    window.point((x - 120.0, y));
    window.press("mousePressed", (x - 120.0, y));
    window.press("mouseMoved", (x, y));
    window.press("mouseMoved", (x + 60.0, y));
    window.press("mouseReleased", (x + 60.0, y));
    window.until(&format!("{view} !== {whole}"));
    assert!(window.text("#zoomed").contains(" to "));
    assert_eq!(window.run("return location.hash"), "", "a drag is no click");
    window.click("#zoom-all");
    assert_eq!(window.run(&format!("return {view}")), whole);
    // A click opens the biography at the row that was pointed at.
    let (x, y) = window.middle("a.lane svg path.failed");
    window.click_at((x, y));
    window.until("document.querySelector('details.life').open");
    let row = window.text("tr.pointed");
    assert!(row.contains("fails") && row.contains("first") && row.contains("broker/activities.json:3"), "{row}");
    assert_eq!(window.run("return location.hash"), "#life-DAL");
    window.was_quiet();
}

fn the_keyboard_does_the_same(window: &Window, page: &Path) {
    window.show(page, 1280);
    window.run("document.querySelector('a.lane').focus()");
    window.key("ArrowRight", 39, "");
    window.key("ArrowRight", 39, "");
    assert!(window.text("#tip").contains(".jsonl:"));
    window.key("+", 187, "+");
    assert!(window.text("#zoomed").contains(" to "));
    window.key("0", 48, "0");
    assert_eq!(window.text("#zoomed"), "");
    window.key("Enter", 13, "\r");
    window.until("document.querySelector('details.life').open");
    assert_eq!(window.run("return document.activeElement.id"), "life-DAL");
    window.was_quiet();
}

fn biographies_and_the_tape_are_filtered(window: &Window, page: &Path) {
    window.show(page, 1280);
    let all = window.run("return document.querySelectorAll('details.life').length");
    let shown = "[...document.querySelectorAll('details.life')].filter((life) => !life.hidden).length";
    window.write("#filter", "no such thing");
    window.until(&format!("{shown} === 0"));
    assert_eq!(window.text("#filtered"), format!("0 of {all} symbols"));
    window.write("#filter", " ");
    window.until(&format!("{shown} === {all}"));
    window.click("#only-broken");
    window.until(&format!("{shown} < {all} || {all} === 1"));
    window.click("details.life > summary");
    let rows = "[...document.querySelectorAll('details.life[open] tbody tr')].filter((row) => !row.hidden)";
    assert!(window.run(&format!("return {rows}.length")).as_i64() > Some(2));
    window.click("#only-failing");
    window.until(&format!("{rows}.length > 0 && {rows}.every((row) => row.textContent.includes('fails'))"));
    assert_eq!(window.run("return document.querySelectorAll('details.life[open] tr.first').length"), 1);
    // The tape is written when it is looked at.
    assert_eq!(window.run("return document.querySelectorAll('#tape-rows tbody tr').length"), 0);
    window.click("#tape > summary");
    window.until("document.querySelectorAll('#tape-rows tbody tr').length > 2");
    window.write("#tape-filter", "attribution.jsonl:1");
    window.until(
        "[...document.querySelectorAll('#tape-rows tbody tr')].every((row) => row.textContent.includes('attribution.jsonl:1'))",
    );
    window.was_quiet();
}

/// A bot whose directory and records would take the page over, or turn its writing around.
fn data_does_nothing(window: &Window, pages: &TempDir) {
    let bot = pages.path().join("bot <img src=x onerror=alert(1)> & \u{202e}");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/scale-out-that-bought"), &bot);
    let log = bot.join("logs/attribution.jsonl");
    let hostile = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\u{202e}\u{0}<!--\n";
    std::fs::write(&log, format!("{}{hostile}", std::fs::read_to_string(&log).unwrap())).unwrap();
    let broker = bot.join("broker");
    let page = page(pages, "hostile", &["replay", bot.to_str().unwrap(), "--broker", broker.to_str().unwrap()]);
    window.show(&page, 1280);
    assert_eq!(window.run("return window.hit === undefined && document.images.length === 0"), true);
    assert_eq!(
        window.run("return /[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f]/.test(document.documentElement.textContent)"),
        false
    );
    let entries = window.text(".entries");
    assert!(entries.contains("</script><script>window.hit = 1</script>") && entries.contains("\\u{202e}\\u{0}<!--"), "{entries}");
    assert!(window.text(".kicker").contains("<img src=x onerror=alert(1)>"));
    window.was_quiet();
}

/// On a screen and on a phone, in the dark and in print: nothing is wider than the page, and what a reader of screens needs is there.
fn nothing_sticks_out(window: &Window, page: &Path) {
    for (width, scheme, medium) in [(1280, "light", ""), (400, "dark", ""), (320, "light", ""), (700, "light", "print")] {
        window.show(page, width);
        let media = json!({"media": medium, "features": [{"name": "prefers-color-scheme", "value": scheme}]});
        window.ask("Emulation.setEmulatedMedia", &media);
        window.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
        let wide = window.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(wide, 0, "{} sticks out by {wide} at {width} {medium}", page.display());
        for (what, script) in READABLE.iter().filter(|_| medium.is_empty()) {
            assert_eq!(window.run(script), json!([]), "{}: {what} at {width}, {scheme}", page.display());
        }
    }
    window.ask("Emulation.setEmulatedMedia", &json!({"media": "", "features": []}));
    window.was_quiet();
}

/// What must not be found, and how it is looked for.
const READABLE: &[(&str, &str)] = &[
    (
        "tables without a caption or heads",
        "return [...document.querySelectorAll('table')].filter((table) => !table.caption || !table.querySelector('thead \
         th[scope=col]')).map((table) => table.outerHTML.slice(0, 200))",
    ),
    (
        "ids that stand twice",
        "const ids = [...document.querySelectorAll('[id]')].map((element) => element.id); return ids.filter((id, place) => \
         ids.indexOf(id) !== place)",
    ),
    (
        "links to nowhere",
        "return [...document.querySelectorAll('a[href^=\"#\"]')].map((link) => \
         link.getAttribute('href').slice(1)).filter((id) => !document.getElementById(id))",
    ),
    (
        "headings that skip a level",
        "const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => Number(heading.localName[1])); return \
         levels.filter((level, place) => place > 0 && level - levels[place - 1] > 1)",
    ),
    (
        "inputs without a label",
        "return [...document.querySelectorAll('input')].filter((input) => !input.labels.length).map((input) => input.id)",
    ),
    (
        "names that nothing has",
        "return [...document.querySelectorAll('[aria-labelledby],[aria-describedby]')].flatMap((element) => \
         [element.getAttribute('aria-labelledby'), element.getAttribute('aria-describedby')]).filter((id) => id && \
         !document.getElementById(id))",
    ),
    ("text that is hard to read", CONTRAST),
];

/// The contrast of every text with what lies behind it, by the rule of the Web Content Accessibility Guidelines: 4.5 to 1 at the least.
const CONTRAST: &str = "
    const channel = (part) => { const share = part / 255; return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
    const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const behind = (element) => {
      for (let up = element; up; up = up.parentElement) {
        const colour = numbers(getComputedStyle(up).backgroundColor);
        if (colour.length >= 3 && (colour.length === 3 || colour[3] === 1)) return colour;
      }
      return [255, 255, 255];
    };
    const seen = new Set();
    for (const element of document.querySelectorAll('body *:not(svg *):not(script)')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || !element.checkVisibility()) continue;
      const [one, two] = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
      const ratio = (one + 0.05) / (two + 0.05);
      if (ratio < 4.5) seen.add(`${element.localName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return [...seen];";
