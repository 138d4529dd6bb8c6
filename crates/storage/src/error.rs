//! One error type for everything that talks to Postgres.

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
    /// The pool had no connection in time, or the server cannot be reached or is restarting.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else: a bug or a broken schema.
    #[error("database error: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether running the same work again later can succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization | Self::Unavailable(_))
    }

    /// Whether this is a violation of the named constraint.
    #[must_use]
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint { constraint, .. } if constraint == name)
    }

    fn from_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(db) => {
                let sqlstate = db.code().map(|c| c.to_string()).unwrap_or_default();
                match sqlstate.as_str() {
                    "40001" | "40P01" => Self::Serialization,
                    state if state.starts_with("23") => Self::Constraint {
                        constraint: db.constraint().unwrap_or("unnamed").to_owned(),
                        sqlstate,
                    },
                    // 57P01-03: shutdown, crash, cannot connect now. 53300: too many connections. 08xxx: connection.
                    "57P01" | "57P02" | "57P03" | "53300" => Self::Unavailable(db.message().to_owned()),
                    state if state.starts_with("08") => Self::Unavailable(db.message().to_owned()),
                    state => Self::Other(format!("{} (SQLSTATE {state})", db.message())),
                }
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
