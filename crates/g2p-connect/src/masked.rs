//! `Debug` for messages that carry personal data.

use std::fmt;

/// Prints `***` in place of a value that is present, so that a log shows the shape and not the person.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Implements `Debug` for a struct: the fields after `show` are printed, those after `hide` become `***`.
macro_rules! masked_debug {
    ($name:ident { show: $($shown:ident),* ; hide: $($hidden:ident),* $(,)? }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // Names every field, so that adding one without deciding does not compile.
                let Self { $($shown),* , $($hidden: _),* } = self;
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), $shown))*
                    $(.field(stringify!($hidden), &$crate::masked::Hidden))*
                    .finish()
            }
        }
    };
}
pub(crate) use masked_debug;
