//! Where everything stands: texts at places on pages, and the elements of the structure they belong to.

use pdf_writer::{Content, Name, Str, types::StructRole};

use super::{
    Table,
    font::{Font, Weight},
};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
const FOOT: f32 = 40.0;
const BODY: f32 = 10.0;
/// Height of a line in sizes of its font.
const LEADING: f32 = 1.4;
const CELL_GAP: f32 = 8.0;
const ROW_GAP: f32 = 3.5;

/// An element of the structure.
pub(super) struct Element {
    pub role: StructRole,
    /// Index of the element it is in; `None` for the document.
    pub parent: Option<usize>,
    pub parts: Vec<Part>,
    /// Whether it heads a column.
    pub heads_column: bool,
}

/// What an element holds.
pub(super) enum Part {
    Element(usize),
    /// A text: page, and number within the page.
    Text(usize, i32),
}

/// A page that is being filled.
pub(super) struct Page {
    pub content: Content,
    /// The element of each text of the page, by number.
    pub owners: Vec<usize>,
}

/// A document that is being laid out.
pub(super) struct Sheet {
    pub regular: Font,
    pub bold: Font,
    pub pages: Vec<Page>,
    pub elements: Vec<Element>,
    /// How far the page is filled, from its top.
    y: f32,
}

impl Sheet {
    pub fn new() -> Result<Self, String> {
        let document =
            Element { role: StructRole::Document, parent: None, parts: Vec::new(), heads_column: false };
        let mut sheet = Self {
            regular: Font::new(Weight::Regular)?,
            bold: Font::new(Weight::Bold)?,
            pages: Vec::new(),
            elements: vec![document],
            y: 0.0,
        };
        sheet.new_page();
        Ok(sheet)
    }

    fn new_page(&mut self) {
        self.pages.push(Page { content: Content::new(), owners: Vec::new() });
        self.y = MARGIN;
    }

    /// Begins a page unless so much fits on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > PAGE.1 - MARGIN - FOOT / 2.0 && self.y > MARGIN {
            self.new_page();
        }
    }

    fn element(&mut self, role: StructRole, parent: usize) -> usize {
        let index = self.elements.len();
        self.elements.push(Element { role, parent: Some(parent), parts: Vec::new(), heads_column: false });
        if let Some(parent) = self.elements.get_mut(parent) {
            parent.parts.push(Part::Element(index));
        }
        index
    }

    fn font(&self, weight: Weight) -> &Font {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Puts one line of text; `owner` is the element it belongs to, `None` what is no part of the text.
    fn put(&mut self, text: &str, (x, y): (f32, f32), weight: Weight, size: f32, owner: Option<usize>) {
        let glyphs = match weight {
            Weight::Regular => self.regular.encode(text),
            Weight::Bold => self.bold.encode(text),
        };
        let at = self.pages.len() - 1;
        let Some(page) = self.pages.last_mut() else { return };
        match owner {
            Some(owner) => {
                let number = i32::try_from(page.owners.len()).unwrap_or(i32::MAX);
                page.owners.push(owner);
                let tag = self.elements.get(owner).map_or(StructRole::P, |element| element.role).to_name();
                let mut mark = page.content.begin_marked_content_with_properties(tag);
                mark.properties().identify(number);
                drop(mark);
                if let Some(element) = self.elements.get_mut(owner) {
                    element.parts.push(Part::Text(at, number));
                }
            }
            None => {
                page.content.begin_marked_content(Name(b"Artifact"));
            }
        }
        let name = match weight {
            Weight::Regular => Name(b"R"),
            Weight::Bold => Name(b"B"),
        };
        page.content.begin_text().set_font(name, size);
        page.content.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, PAGE.1 - y]);
        page.content.show(Str(&glyphs)).end_text().end_marked_content();
    }

    fn rule(&mut self, y: f32) {
        let Some(page) = self.pages.last_mut() else { return };
        page.content.begin_marked_content(Name(b"Artifact")).set_line_width(0.5).set_stroke_gray(0.75);
        page.content
            .move_to(MARGIN, PAGE.1 - y)
            .line_to(PAGE.0 - MARGIN, PAGE.1 - y)
            .stroke()
            .end_marked_content();
    }

    fn lines(&mut self, role: StructRole, text: &str, weight: Weight, size: f32) {
        if text.is_empty() {
            return;
        }
        let lines = self.font(weight).wrap(text, size, WIDTH);
        let owner = self.element(role, 0);
        for line in lines {
            self.need(size * LEADING);
            self.y += size * LEADING;
            self.put(&line, (MARGIN, self.y - size * 0.35), weight, size, Some(owner));
        }
    }

    pub fn title(&mut self, text: &str) {
        self.lines(StructRole::H1, text, Weight::Bold, 18.0);
        self.y += 8.0;
    }

    pub fn heading(&mut self, text: &str) {
        // Not alone at the foot of a page.
        self.need(90.0);
        self.y += 12.0;
        self.lines(StructRole::H2, text, Weight::Bold, 12.5);
        self.y += 3.0;
    }

    pub fn text(&mut self, text: &str, strong: bool) {
        let weight = if strong { Weight::Bold } else { Weight::Regular };
        self.lines(StructRole::P, text, weight, BODY);
        self.y += 6.0;
    }

    pub fn facts(&mut self, facts: &[(String, String)]) {
        if facts.is_empty() {
            return;
        }
        let table = self.element(StructRole::Table, 0);
        for (name, value) in facts {
            let cells = [(name.as_str(), WIDTH * 0.3, false), (value.as_str(), WIDTH * 0.7, false)];
            self.row(table, &cells, StructRole::TH, Weight::Regular);
        }
        self.y += 4.0;
    }

    pub fn table(&mut self, table: &Table) {
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        if table.columns.is_empty() || shares <= 0.0 {
            return;
        }
        let widths: Vec<f32> = table.columns.iter().map(|column| WIDTH * column.share / shares).collect();
        let cells = |texts: &mut dyn Iterator<Item = String>| {
            let mut cells = Vec::new();
            for (column, width) in table.columns.iter().zip(&widths) {
                cells.push((texts.next().unwrap_or_default(), *width, column.number));
            }
            cells
        };
        let element = self.element(StructRole::Table, 0);
        let head = cells(&mut table.columns.iter().map(|column| column.head.clone()));
        self.need(40.0);
        self.head(element, &head);
        for row in &table.rows {
            let pages = self.pages.len();
            let row = cells(&mut row.iter().cloned());
            let row: Vec<(&str, f32, bool)> =
                row.iter().map(|(text, width, number)| (text.as_str(), *width, *number)).collect();
            self.need(self.height(&row, Weight::Regular));
            if self.pages.len() > pages {
                self.head_again(&head);
            }
            self.row(element, &row, StructRole::TH, Weight::Regular);
        }
        self.y += 4.0;
    }

    fn head(&mut self, table: usize, cells: &[(String, f32, bool)]) {
        let cells: Vec<(&str, f32, bool)> =
            cells.iter().map(|(text, width, number)| (text.as_str(), *width, *number)).collect();
        let first = self.elements.len();
        self.row(table, &cells, StructRole::TH, Weight::Bold);
        for element in self.elements.iter_mut().skip(first).filter(|element| element.role != StructRole::TR) {
            element.role = StructRole::TH;
            element.heads_column = true;
        }
    }

    /// The head of a table on its next page: for the eye only.
    fn head_again(&mut self, cells: &[(String, f32, bool)]) {
        let mut x = MARGIN;
        self.y += BODY * LEADING + ROW_GAP;
        for (text, width, number) in cells {
            let at = if *number { x + width - self.bold.width(text, BODY) } else { x };
            self.put(text, (at, self.y - ROW_GAP), Weight::Bold, BODY, None);
            x += width;
        }
        self.rule(self.y);
    }

    fn wrapped(&self, cells: &[(&str, f32, bool)], weight: Weight) -> Vec<Vec<String>> {
        let font = self.font(weight);
        cells.iter().map(|(text, width, _)| font.wrap(text, BODY, width - CELL_GAP)).collect()
    }

    fn height(&self, cells: &[(&str, f32, bool)], weight: Weight) -> f32 {
        let lines = self.wrapped(cells, weight).iter().map(Vec::len).max().unwrap_or(1);
        let lines = f32::from(u16::try_from(lines).unwrap_or(u16::MAX));
        lines * BODY * LEADING + 2.0 * ROW_GAP
    }

    /// A row; its first cell gets the role `first`.
    fn row(&mut self, table: usize, cells: &[(&str, f32, bool)], first: StructRole, weight: Weight) {
        let texts = self.wrapped(cells, weight);
        self.need(self.height(cells, weight));
        let row = self.element(StructRole::TR, table);
        let owners: Vec<usize> = (0..cells.len())
            .map(|at| self.element(if at == 0 { first } else { StructRole::TD }, row))
            .collect();
        let lines = texts.iter().map(Vec::len).max().unwrap_or(0);
        self.y += ROW_GAP;
        for line in 0..lines {
            // A row that is longer than a page goes on on the next.
            self.need(BODY * LEADING);
            self.y += BODY * LEADING;
            let mut x = MARGIN;
            for ((cell, text), owner) in cells.iter().zip(&texts).zip(&owners) {
                let (_, width, number) = *cell;
                if let Some(text) = text.get(line).filter(|text| !text.is_empty()) {
                    let at = if number { x + width - self.font(weight).width(text, BODY) } else { x };
                    self.put(text, (at, self.y - BODY * 0.35), weight, BODY, Some(*owner));
                }
                x += width;
            }
        }
        self.y += ROW_GAP;
        self.rule(self.y);
    }

    /// Puts the foot on every page.
    pub fn finish(mut self, foot: &str) -> Self {
        let pages = std::mem::take(&mut self.pages);
        let count = pages.len();
        for (page, number) in pages.into_iter().zip(1..) {
            self.pages.push(page);
            let text = format!("{foot} – {number} / {count}");
            self.put(&text, (MARGIN, PAGE.1 - FOOT), Weight::Regular, 8.0, None);
        }
        self
    }
}
