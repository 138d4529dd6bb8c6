//! The fonts: Noto Sans (SIL Open Font License 1.1), cut down to Latin, Greek and Cyrillic letters.

use std::collections::BTreeMap;

use ttf_parser::Face;

const REGULAR: &[u8] = include_bytes!("../../assets/NotoSans-Regular-subset.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/NotoSans-Bold-subset.ttf");

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font and the glyphs that were used of it.
pub(super) struct Font {
    pub bytes: &'static [u8],
    pub name: &'static str,
    pub face: Face<'static>,
    pub used: BTreeMap<u16, char>,
}

impl Font {
    pub fn new(weight: Weight) -> Result<Self, String> {
        let (bytes, name) = match weight {
            Weight::Regular => (REGULAR, "NotoSans-Regular"),
            Weight::Bold => (BOLD, "NotoSans-Bold"),
        };
        let face = Face::parse(bytes, 0).map_err(|e| format!("the font {name}: {e}"))?;
        Ok(Self { bytes, name, face, used: BTreeMap::new() })
    }

    fn glyph(&self, letter: char) -> (u16, char) {
        let of = |letter| self.face.glyph_index(letter).map(|glyph| (glyph.0, letter));
        of(letter).or_else(|| of('?')).unwrap_or((0, '?'))
    }

    /// Glyphs as two bytes each, and noted as used.
    pub fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        for letter in text.chars() {
            let (glyph, letter) = self.glyph(letter);
            self.used.insert(glyph, letter);
            bytes.extend(glyph.to_be_bytes());
        }
        bytes
    }

    /// In thousandths of the size.
    pub fn scaled(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.face.units_per_em())
    }

    pub fn advance(&self, glyph: u16) -> f32 {
        self.scaled(f32::from(self.face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0)))
    }

    /// Width of the text at this size.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(self.glyph(letter).0)).sum::<f32>() * size / 1000.0
    }

    /// Lines no wider than `room`. What is wider than a line by itself is cut.
    pub fn wrap(&self, text: &str, size: f32, room: f32) -> Vec<String> {
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in text.split_whitespace() {
            let with = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&with, size) <= room {
                line = with;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > room && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        lines.push(line);
        lines
    }
}
