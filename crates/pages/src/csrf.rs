//! Tokens that prove a form was sent from our own page.

use g2p_crypto::{KeyError, KeyedHash, random_token};

/// Makes and verifies tokens: `nonce.mac`, where the mac is a keyed hash over nonce and session id. Another site cannot
/// know it, and it does not work in another session. The nonce makes each token different, so that compressing a page
/// tells nothing about it.
#[derive(Clone)]
pub struct Csrf {
    hash: KeyedHash,
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Csrf(***)")
    }
}

impl Csrf {
    /// `secret`: at least 32 random bytes, the same on every replica.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { hash: KeyedHash::new(secret, "pages/csrf") }
    }

    /// A token for the forms of this session.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn token(&self, session_id: &str) -> Result<String, KeyError> {
        let nonce = random_token(12)?;
        let mac = self.mac(&nonce, session_id);
        Ok(format!("{nonce}.{mac}"))
    }

    /// Whether the token was made for this session.
    #[must_use]
    pub fn verify(&self, session_id: &str, token: &str) -> bool {
        // An empty session id would make one token for everybody.
        let Some((nonce, mac)) = token.split_once('.') else { return false };
        !session_id.is_empty()
            && nonce.len() == 16
            && mac.len() == 43
            && self.hash.matches(&format!("{nonce}.{session_id}"), mac)
    }

    fn mac(&self, nonce: &str, session_id: &str) -> String {
        self.hash.hash(&format!("{nonce}.{session_id}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::Csrf;

    #[test]
    fn a_token_holds_in_its_own_session_only() {
        let csrf = Csrf::new(&[7; 32]);
        let token = csrf.token("s1").unwrap();
        assert!(csrf.verify("s1", &token));
        assert!(!csrf.verify("s2", &token));
        assert!(!Csrf::new(&[8; 32]).verify("s1", &token));
        assert!(!csrf.verify("", &csrf.token("").unwrap()));
        assert_ne!(token, csrf.token("s1").unwrap(), "each page has a token of its own");
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_token(session in ".*", text in ".*") {
            prop_assert!(!Csrf::new(&[7; 32]).verify(&session, &text));
        }

        #[test]
        fn a_changed_token_is_none(at in 0_usize..60, with in "[A-Za-z0-9_-]") {
            let csrf = Csrf::new(&[7; 32]);
            let token = csrf.token("s1").unwrap();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &with);
            // The last character of a mac carries four bits only, but the text is compared, not the bits.
            prop_assert!(changed == token || !csrf.verify("s1", &changed));
        }
    }
}
