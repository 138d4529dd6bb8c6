//! One error type for everything that talks to Postgres.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// `Result` of a storage call.
pub type StoreResult<T> = Result<T, StoreError>;

/// What can go wrong between a service and its database, in the terms a caller
/// decides by: a conflict is the client's, a timeout is worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique, foreign-key, check or exclusion constraint refused the row.
    #[error("the constraint {constraint} refused the change")]
    Constraint {
        /// Name of the constraint in the schema.
        constraint: String,
        /// Five-letter SQLSTATE, for example `23505`.
        sqlstate: String,
    },
    /// Two transactions could not be put in an order (`40001`, `40P01`): run the transaction again.
    #[error("the transaction collided with another one")]
    Serialization,
    /// The row that had to exist does not.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// The pool had no connection in time, or the server cannot be reached, is restarting, takes no writes (after a
    /// failover) or has no room left: the work is not to blame.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The statement ran longer, or waited longer for a lock, than it may. Worth a retry; but it may be the work itself
    /// that takes too long.
    #[error("the database took too long: {0}")]
    Timeout(String),
    /// Anything else: a bug or a broken schema.
    #[error("database error: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether the state of the database is to blame and not the work: running it again later can succeed, however often
    /// it failed. Consumers and jobs do not count such an attempt.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization | Self::Unavailable(_))
    }

    /// Whether this is a violation of the named constraint.
    #[must_use]
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint { constraint, .. } if constraint == name)
    }

    fn of_sqlstate(sqlstate: &str, constraint: Option<&str>, message: &str) -> Self {
        match sqlstate {
            "40001" | "40P01" => Self::Serialization,
            state if state.starts_with("23") => Self::Constraint {
                constraint: constraint.unwrap_or("unnamed").to_owned(),
                sqlstate: state.to_owned(),
            },
            // A connection that broke; a server that ends, begins or was ended; one that takes no writes.
            "25006" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => {
                Self::Unavailable(message.to_owned())
            }
            // Connections; disk, memory, connections and other limits.
            state if state.starts_with("08") || state.starts_with("53") => {
                Self::Unavailable(message.to_owned())
            }
            // The statement was cancelled; a lock was not to be had.
            "57014" | "55P03" => Self::Timeout(message.to_owned()),
            state => Self::Other(format!("{} (SQLSTATE {state})", without_values(state, message))),
        }
    }

    fn from_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(db) => {
                Self::of_sqlstate(&db.code().unwrap_or_default(), db.constraint(), db.message())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable("no connection became free in time".to_owned())
            }
            sqlx::Error::Io(e) => Self::Unavailable(e.to_string()),
            sqlx::Error::Tls(e) => Self::Unavailable(e.to_string()),
            sqlx::Error::RowNotFound => Self::NotFound("the row"),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::from_sqlx(&error)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(e) => Self::Unavailable(e.to_string()),
            DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e))
            | DbErr::Conn(RuntimeErr::SqlxError(e)) => Self::from_sqlx(e),
            DbErr::RecordNotFound(_) => Self::NotFound("the row"),
            _ => match error.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(m) | SqlErr::ForeignKeyConstraintViolation(m)) => {
                    Self::Constraint { constraint: m, sqlstate: "23000".to_owned() }
                }
                _ => Self::Other(error.to_string()),
            },
        }
    }
}

/// Postgres quotes the value in a data exception (class 22: `invalid input syntax for type integer: "…"`), and a value
/// may be personal data: what is quoted does not get any further.
fn without_values<'a>(sqlstate: &str, message: &'a str) -> Cow<'a, str> {
    if !sqlstate.starts_with("22") {
        return message.into();
    }
    let quoted = |(index, part)| if index % 2 == 0 { part } else { "…" };
    message.split('"').enumerate().map(quoted).collect::<Vec<_>>().join("\"").into()
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    fn kind(sqlstate: &str) -> &'static str {
        match StoreError::of_sqlstate(sqlstate, Some("c"), "m") {
            StoreError::Constraint { .. } => "constraint",
            StoreError::Serialization => "serialization",
            StoreError::NotFound(_) => "not found",
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Timeout(_) => "timeout",
            StoreError::Other(_) => "other",
        }
    }

    #[test]
    fn what_a_sqlstate_means_for_the_caller() {
        for (states, expected, retried_without_end) in [
            (&["40001", "40P01"] as &[&str], "serialization", true),
            (&["23505", "23503", "23514", "23P01"], "constraint", false),
            (&["08000", "08003", "08006"], "unavailable", true),
            (&["57P01", "57P02", "57P03", "57P04", "57P05"], "unavailable", true),
            (&["25006", "53000", "53100", "53200", "53300", "53400"], "unavailable", true),
            (&["57014", "55P03"], "timeout", false),
            (&["42P01", "42501", "22P02", "25P02", ""], "other", false),
        ] {
            for state in states {
                assert_eq!(kind(state), expected, "{state}");
                let error = StoreError::of_sqlstate(state, None, "m");
                assert_eq!(error.is_retryable(), retried_without_end, "{state}");
            }
        }
    }

    #[test]
    fn a_data_exception_is_told_without_the_value() {
        let text = |state, message| StoreError::of_sqlstate(state, None, message).to_string();
        assert_eq!(
            text("22P02", "invalid input syntax for type integer: \"Amina\""),
            "database error: invalid input syntax for type integer: \"…\" (SQLSTATE 22P02)"
        );
        assert_eq!(
            text("42P01", "relation \"persons\" does not exist"),
            "database error: relation \"persons\" does not exist (SQLSTATE 42P01)"
        );
    }
}
