//! The body of a statement upload, made by hand because the signature covers its exact bytes.

use g2p_crypto::sha256_hex;

/// A body and its content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    /// `multipart/form-data; boundary=…`.
    pub content_type: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// One part `statement_file`, named `statement.mt940` as deployed banks send it, or `statement.xml`. The same content gives the same
/// bytes, so a repeated upload is recognised as one.
#[must_use]
pub fn statement_upload(content: &str) -> Multipart {
    let mut boundary = format!("statement-{}", sha256_hex(content.as_bytes()));
    boundary.truncate(50);
    while content.contains(&boundary) {
        boundary.push('x');
    }
    let (name, kind) = if bank_formats::is_xml(content.as_bytes()) {
        ("statement.xml", "application/xml")
    } else {
        ("statement.mt940", "text/plain")
    };
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"statement_file\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n{content}\r\n--{boundary}--\r\n"
    );
    Multipart { content_type: format!("multipart/form-data; boundary={boundary}"), body: body.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::statement_upload;

    #[test]
    fn the_content_stands_between_its_boundaries() {
        let upload = statement_upload(":20:A\r\n");
        let boundary = upload.content_type.trim_start_matches("multipart/form-data; boundary=");
        let text = String::from_utf8_lossy(&upload.body).into_owned();
        assert!(boundary.len() <= 70 && text.starts_with(&format!("--{boundary}\r\n")));
        assert!(text.ends_with(&format!("\r\n\r\n:20:A\r\n\r\n--{boundary}--\r\n")));
        assert_eq!(upload, statement_upload(":20:A\r\n"));
    }
}
