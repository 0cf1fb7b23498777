use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::http::{ask, ask_within};
use crate::{PATIENCE, Result, Trouble, pictures};

/// The key WebDriver calls an element's reference by (W3C WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Reads the test pattern's frame number from a canvas: the geometry is in the documentation of `media::pattern`.
const READ_PATTERN: &str = r"
const canvas = document.querySelector(arguments[0]);
if (!canvas || canvas.width < 96) return null;
const y = Math.floor(0.92 * canvas.height);
const row = canvas.getContext('2d').getImageData(0, y, canvas.width, 1).data;
const levels = Array.from({ length: 48 }, (_, i) => row[4 * Math.floor(((i + 0.5) / 48) * canvas.width) + 1]);
const low = Math.min(...levels), high = Math.max(...levels);
if (high - low < 48) return null;
const bits = levels.map((level) => (level > (low + high) / 2 ? 1 : 0));
const number = bits.slice(0, 32).reduce((sum, bit) => sum * 2 + bit, 0);
let crc = 0xffff;
for (const shift of [24, 16, 8, 0]) {
  crc ^= (Math.floor(number / 2 ** shift) % 256) << 8;
  for (let i = 0; i < 8; i += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
}
return crc === bits.slice(32).reduce((sum, bit) => sum * 2 + bit, 0) ? number : null;
";

/// Clicks an element when it is what a pointer at its middle would meet; whether it did.
const CLICK: &str = r"
const element = document.querySelector(arguments[0]);
if (!element || element.disabled) return false;
element.scrollIntoView({ block: 'nearest' });
const box = element.getBoundingClientRect();
const met = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
if (!met || !(element.contains(met) || met.contains(element))) return false;
element.focus();
element.click();
return true;
";

/// Has the page drawn anew for two seconds: a screenshot waits for the next drawing, and a still page may have none.
const STIR: &str = r"
const dot = document.createElement('i');
Object.assign(dot.style, { position: 'fixed', right: '0', bottom: '0', width: '1px', height: '1px' });
document.body.append(dot);
let left = 66;
const timer = setInterval(() => {
  left -= 1;
  dot.style.background = left % 2 ? '#000' : '#fff';
  if (left === 0) { clearInterval(timer); dot.remove(); }
}, 30);
";
const PICTURE: Duration = Duration::from_secs(10);

/// The app's window. The app ends when it is dropped.
pub struct Window {
    port: u16,
    session: String,
}

impl Window {
    pub(crate) fn of(port: u16, session: String) -> Window {
        Window { port, session }
    }

    /// Waits until `look` sees something.
    ///
    /// # Errors
    /// When it does not within [`PATIENCE`]; a picture of the window is kept then.
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&Window) -> Option<T>) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(seen) = look(self) {
                return Ok(seen);
            }
            if began.elapsed() > PATIENCE {
                let picture = self
                    .keep_picture(what)
                    .map_or_else(|error| error.to_string(), |path| path.display().to_string());
                return Err(Trouble(format!("the window never showed {what}; see {picture}")));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Waits until a person could click the element with this test id (it is in sight, in front and not disabled) and clicks it.
    ///
    /// The click is the page's own: the driver's, moved by the system's pointer, is sometimes never answered on a busy machine.
    ///
    /// # Errors
    /// When it cannot be clicked in time.
    pub fn click(&self, testid: &str) -> Result<()> {
        let click = |window: &Window| {
            window
                .run(CLICK, &[json!(at(testid))])
                .ok()?
                .as_bool()
                .filter(|done| *done)
        };
        self.wait(&format!("{testid}, to be clicked"), click).map(drop)
    }

    /// Waits for the field with this test id, empties it and types into it.
    ///
    /// # Errors
    /// When it does not come, or cannot be typed into.
    pub fn fill(&self, testid: &str, text: &str) -> Result<()> {
        let element = self.wait(testid, |window| window.element(testid).ok())?;
        self.post(&format!("element/{element}/clear"), &json!({}))?;
        self.post(&format!("element/{element}/value"), &json!({ "text": text }))?;
        Ok(())
    }

    /// Presses a key, given as WebDriver's code for it, where the focus is.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn press(&self, key: &str) -> Result<()> {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.post(
            "actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] }),
        )?;
        Ok(())
    }

    /// The text of the first element with this test id; `None` when there is none.
    pub fn text(&self, testid: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.textContent ?? null";
        self.run(script, &[json!(at(testid))])
            .ok()?
            .as_str()
            .map(str::to_owned)
    }

    /// An attribute of the first element with this test id; `None` when there is none.
    pub fn attribute(&self, testid: &str, name: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        self.run(script, &[json!(at(testid)), json!(name)])
            .ok()?
            .as_str()
            .map(str::to_owned)
    }

    /// The frame number that the test pattern on a canvas shows, read from its pixels; `None` when there is none to read.
    pub fn pattern(&self, testid: &str) -> Option<u32> {
        let number = self.run(READ_PATTERN, &[json!(at(testid))]).ok()?.as_u64()?;
        u32::try_from(number).ok()
    }

    /// Runs a function body in the page and returns what it returns.
    ///
    /// # Errors
    /// What it throws.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Asks the shell as the page does, and returns its answer or its error.
    ///
    /// # Errors
    /// When the script does not run.
    pub fn invoke(&self, command: &str, request: &Value) -> Result<std::result::Result<Value, Value>> {
        let script =
            "const done = arguments[2]; window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
            .then((ok) => done({ ok }), (err) => done({ err }));";
        let mut answer = self.post(
            "execute/async",
            &json!({ "script": script, "args": [command, request] }),
        )?;
        Ok(if answer.get("err").is_some() {
            Err(answer["err"].take())
        } else {
            Ok(answer["ok"].take())
        })
    }

    /// Makes the window this large, in pixels.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.post(
            "window/rect",
            &json!({ "x": 0, "y": 0, "width": width, "height": height }),
        )
        .map(drop)
    }

    /// Keeps a picture of the window under this name, if one can be had: it is for people to look at, no part of a test.
    pub fn picture(&self, name: &str) {
        if let Err(error) = self.keep_picture(name) {
            eprintln!("no picture of {name}: {error}");
        }
    }

    /// Keeps a picture of the window under this name.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub fn keep_picture(&self, name: &str) -> Result<PathBuf> {
        self.run(STIR, &[])?;
        let picture = ask_within(PICTURE, self.port, "GET", &self.path("screenshot"), None)?;
        let png = BASE64_STANDARD.decode(picture.as_str().unwrap_or_default());
        let png = png.map_err(|error| Trouble(error.to_string()))?;
        let plain: String = name
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .take(80)
            .collect();
        std::fs::create_dir_all(pictures())?;
        let path = pictures().join(format!("{plain}.png"));
        std::fs::write(&path, png)?;
        Ok(path)
    }

    fn element(&self, testid: &str) -> Result<String> {
        let found = self.post(
            "element",
            &json!({ "using": "css selector", "value": at(testid) }),
        )?;
        found[ELEMENT]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Trouble(format!("no {testid}")))
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        ask(self.port, "POST", &self.path(command), Some(body))
    }

    fn path(&self, command: &str) -> String {
        format!("/session/{}/{command}", self.session)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver may have gone first.
        let _ = ask(self.port, "DELETE", &format!("/session/{}", self.session), None);
    }
}

fn at(testid: &str) -> String {
    format!("[data-testid=\"{testid}\"]")
}
