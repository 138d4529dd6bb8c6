//! Small documents as PDF: headings, paragraphs and tables on as many pages as they need. The text can be selected and searched,
//! the fonts are inside, and the structure is tagged, so that a screen reader reads headings as headings and tables as tables.

mod font;
mod layout;
mod write;

use layout::Sheet;

/// A document in the order in which it is read.
#[derive(Debug, Clone, Default)]
pub struct Paper {
    /// Its title: the name of the window, and its first heading.
    pub title: String,
    /// What stands at the foot of each page.
    pub foot: String,
    /// What follows the title.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading of the second level.
    Heading(String),
    /// Text.
    Text(String),
    /// Text that must not be missed.
    Strong(String),
    /// Names and values, a line each.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
}

/// A table; the first column names the row.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, with a text for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub head: String,
    /// Its share of the width.
    pub share: f32,
    /// Whether it holds numbers, which stand at its right edge.
    pub number: bool,
}

impl Column {
    /// A column of texts.
    #[must_use]
    pub fn text(head: &str, share: f32) -> Self {
        Self { head: head.to_owned(), share, number: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(head: &str, share: f32) -> Self {
        Self { head: head.to_owned(), share, number: true }
    }
}

/// The PDF. Letters that the fonts do not have stand as `?`; they have those of Latin, Greek and Cyrillic scripts.
///
/// # Errors
/// When the fonts cannot be read, which a test excludes.
pub fn pdf(paper: &Paper) -> Result<Vec<u8>, String> {
    let mut sheet = Sheet::new()?;
    sheet.title(&paper.title);
    for block in &paper.blocks {
        match block {
            Block::Heading(text) => sheet.heading(text),
            Block::Text(text) => sheet.text(text, false),
            Block::Strong(text) => sheet.text(text, true),
            Block::Facts(facts) => sheet.facts(facts),
            Block::Table(table) => sheet.table(table),
        }
    }
    Ok(write::pdf(sheet.finish(&paper.foot), &paper.title))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::{Block, Column, Paper, Table, pdf};

    fn paper(rows: usize) -> Paper {
        let row = |n: usize| vec![format!("row {n}"), n.to_string(), "1,000.00".to_owned()];
        Paper {
            title: "A title – with Ünïcode and ልሳን".to_owned(),
            foot: "Foot".to_owned(),
            blocks: vec![
                Block::Heading("Facts".to_owned()),
                Block::Facts(vec![("Name".to_owned(), "Value".to_owned())]),
                Block::Strong("x".repeat(500)),
                Block::Table(Table {
                    columns: vec![
                        Column::text("What", 3.0),
                        Column::number("Count", 1.0),
                        Column::number("Sum", 1.0),
                    ],
                    rows: (0..rows).map(row).collect(),
                }),
            ],
        }
    }

    #[test]
    fn a_document_is_one_pdf_with_as_many_pages_as_it_needs() {
        for (rows, pages) in [(1, 1), (200, 6)] {
            let bytes = pdf(&paper(rows)).unwrap();
            assert!(bytes.starts_with(b"%PDF-1.7") && bytes.ends_with(b"%%EOF"), "{rows}");
            let text = String::from_utf8_lossy(&bytes);
            let count = text.split("/Count ").nth(1).unwrap().split_whitespace().next().unwrap();
            let count: usize = count.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            assert!((pages..=pages + 1).contains(&count), "{rows} rows on {count} pages");
            assert!(text.contains("/StructTreeRoot") && text.contains("/Marked true"));
            assert!(text.contains("/FontFile2"));
        }
    }

    #[test]
    fn the_same_paper_is_the_same_bytes() {
        assert_eq!(pdf(&paper(3)).unwrap(), pdf(&paper(3)).unwrap());
    }

    #[test]
    fn odd_tables_do_no_harm() {
        let table = |columns: Vec<Column>, rows| Block::Table(Table { columns, rows });
        let column = Column::number("", 1.0);
        let blocks = vec![
            table(vec![], vec![vec!["x".to_owned()]]),
            table(vec![column.clone(), column], vec![vec![], vec!["y ".repeat(5_000)]]),
            Block::Facts(vec![]),
            Block::Text(String::new()),
        ];
        assert!(pdf(&Paper { blocks, ..Paper::default() }).is_ok());
    }
}
