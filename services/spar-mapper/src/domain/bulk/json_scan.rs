//! Finds the ends of JSON values in a stream of bytes, without reading them.

/// Looks for the end of one value: balanced brackets outside of texts. What is inside is not checked here.
#[derive(Debug, Clone, Default)]
pub(super) struct ValueScan {
    begun: bool,
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl ValueScan {
    /// How many bytes belong to the value, when it ends here; `None` when it goes on. The first byte must be one of the
    /// value. A number or a word ends before the byte behind it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            let begun = std::mem::replace(&mut self.begun, true);
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 && begun => {
                    return Some(at);
                }
                _ => {}
            }
        }
        None
    }
}

/// Where in `[value, value, …]` a stream is.
#[derive(Debug, Clone)]
enum Place {
    Before,
    /// After `[`: a value or `]`.
    First,
    Value(ValueScan),
    /// After a value: `,` or `]`.
    After,
    /// After `,`: a value.
    Next,
    Over,
}

/// Finds the values of one array.
#[derive(Debug, Clone)]
pub(super) struct ArrayScan(Place);

/// What was found, and how many bytes it took.
pub(super) enum Found {
    /// All bytes were taken.
    Nothing,
    /// So many bytes stand around values.
    Between(usize),
    /// So many bytes end a value.
    Value(usize),
    /// At this byte stands what no array has there.
    Wrong(usize),
}

impl ArrayScan {
    pub(super) const fn new() -> Self {
        Self(Place::Before)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.0, Place::Over)
    }

    /// Takes bytes up to the next end of a value. Separators are reported for themselves, so that whoever keeps the bytes of
    /// values can leave them out.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Found {
        if let Place::Value(scan) = &mut self.0 {
            return match scan.feed(bytes) {
                Some(length) => {
                    self.0 = Place::After;
                    Found::Value(length)
                }
                None => Found::Nothing,
            };
        }
        for (at, byte) in bytes.iter().enumerate() {
            if byte.is_ascii_whitespace() {
                continue;
            }
            self.0 = match (&self.0, byte) {
                (Place::Before, b'[') => Place::First,
                (Place::First | Place::After, b']') => Place::Over,
                (Place::After, b',') => Place::Next,
                (Place::First | Place::Next, byte) if !matches!(byte, b',' | b']' | b'}' | b':') => {
                    self.0 = Place::Value(ValueScan::default());
                    return Found::Between(at);
                }
                _ => return Found::Wrong(at),
            };
        }
        if bytes.is_empty() { Found::Nothing } else { Found::Between(bytes.len()) }
    }
}
