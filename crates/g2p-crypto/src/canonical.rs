//! The one text of a JSON value that both sides of a signature can rebuild.

use serde_json::Value;

/// Writes a JSON value with its keys sorted (by code point, at every level), without spaces, and with characters
/// outside ASCII left as UTF-8. The same bytes as `orjson.dumps(value, option=OPT_SORT_KEYS)`, which is what the
/// existing G2P systems sign.
///
/// Numbers come out as `serde_json` holds them: an integer of up to 64 bits exactly, anything else as the shortest text
/// of its double. A body whose numbers need more must be signed over its exact bytes.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            // The map's own order depends on a cargo feature that any crate in the build may switch on.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (i, (key, member)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_scalar(key, out);
                out.push(b':');
                write_value(member, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        // serde_json puts a plus sign before a large exponent or not, depending on its version; orjson puts none.
        Value::Number(number) => out.extend_from_slice(number.to_string().replace("e+", "e").as_bytes()),
        Value::Null | Value::Bool(_) | Value::String(_) => write_scalar(value, out),
    }
}

fn write_scalar<T: serde::Serialize + ?Sized>(scalar: &T, out: &mut Vec<u8>) {
    // Writing a scalar to memory cannot fail: it has no map keys to refuse and no I/O.
    let _ = serde_json::to_writer(out, scalar);
}
