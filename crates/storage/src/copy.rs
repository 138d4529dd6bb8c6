//! `COPY … FROM STDIN` in text format: the fastest way in for files.

use sea_orm::sqlx::{PgConnection, postgres::PgPoolCopyExt};

use crate::{Db, StoreResult};

/// Builds rows of the text `COPY` format. Reuse one buffer per chunk of some thousand rows.
#[derive(Debug, Default)]
pub struct CopyBuffer {
    bytes: Vec<u8>,
    columns: usize,
    rows: u64,
}

impl CopyBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one field of the current row; `None` is NULL. NUL characters, which Postgres text cannot hold, are left out.
    pub fn field(&mut self, value: Option<&str>) -> &mut Self {
        if self.columns > 0 {
            self.bytes.push(b'\t');
        }
        self.columns += 1;
        match value {
            None => self.bytes.extend_from_slice(b"\\N"),
            Some(text) => {
                for byte in text.bytes() {
                    match byte {
                        0 => {}
                        b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                        b'\n' => self.bytes.extend_from_slice(b"\\n"),
                        b'\r' => self.bytes.extend_from_slice(b"\\r"),
                        b'\t' => self.bytes.extend_from_slice(b"\\t"),
                        other => self.bytes.push(other),
                    }
                }
            }
        }
        self
    }

    /// Ends the current row.
    pub fn end_row(&mut self) {
        self.bytes.push(b'\n');
        self.columns = 0;
        self.rows += 1;
    }

    /// Rows ended so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Empties the buffer and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows = 0;
        self.columns = 0;
    }
}

/// Sends the rows through their own connection; `target` is `table(column, …)`.
///
/// # Errors
/// The server's error for the whole chunk: `COPY` takes all rows or none.
pub async fn copy_in(db: &Db, target: &'static str, rows: &CopyBuffer) -> StoreResult<u64> {
    let mut sink = db.pool().copy_in_raw(&format!("COPY {target} FROM STDIN")).await?;
    sink.send(rows.bytes.as_slice()).await?;
    Ok(sink.finish().await?)
}

/// As [`copy_in`], on a connection the caller holds, so that it is part of that connection's transaction.
///
/// # Errors
/// As [`copy_in`].
pub async fn copy_in_on(
    conn: &mut PgConnection,
    target: &'static str,
    rows: &CopyBuffer,
) -> StoreResult<u64> {
    let mut sink = conn.copy_in_raw(&format!("COPY {target} FROM STDIN")).await?;
    sink.send(rows.bytes.as_slice()).await?;
    Ok(sink.finish().await?)
}

#[cfg(test)]
mod tests {
    use super::CopyBuffer;

    #[test]
    fn special_characters_are_escaped_and_nul_is_left_out() {
        let mut buffer = CopyBuffer::new();
        buffer.field(Some("a\tb\\c\nd\0e")).field(None).field(Some("\\N"));
        buffer.end_row();
        assert_eq!(buffer.bytes, b"a\\tb\\\\c\\nde\t\\N\t\\\\N\n");
        assert_eq!(buffer.rows(), 1);
    }
}
