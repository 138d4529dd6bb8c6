//! The same look-up without a service: pgbench with prepared statements and literal ids, as anybody would write it and as
//! the mapper does.

use std::{fmt::Write as _, process::Command};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::{self, World};

/// Scripts with different ids, so that each query asks for others.
const SCRIPTS: usize = 64;

/// How the ids are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `= ANY` of a list (or `=` of one).
    Any,
    /// A join with the list, which finds by the hash index.
    Join,
    /// The same, kept to a nested loop: in a register of partitions each id is looked for in its own only.
    Loop,
}

/// Ids looked up in a second by eight clients.
pub fn ids_per_second(
    world: &World,
    form: Form,
    random: &mut ChaCha8Rng,
    (rows, items, seconds): (u64, u64, u64),
) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(world.pgbench());
    command.args(["-n", "-M", "prepared", "-c", "8", "-j", "1", "-T", &seconds.to_string()]);
    for n in 0..SCRIPTS {
        let mut ids = String::new();
        for i in 0..items {
            let comma = if i == 0 { "" } else { "," };
            write!(ids, "{comma}\"{}\"", world::id(random.random_range(1..=rows))).unwrap();
        }
        let (list, condition) = match form {
            Form::Any if items == 1 => (String::new(), format!("id_value = '{}'", ids.trim_matches('"'))),
            Form::Any => (String::new(), format!("id_value = ANY('{{{ids}}}')")),
            Form::Join => (
                format!("UNNEST('{{{ids}}}'::text[]) AS asked (id), "),
                "id_value = asked.id COLLATE \"C\"".to_owned(),
            ),
            Form::Loop => (String::new(), "id_value = asked.id COLLATE \"C\"".to_owned()),
        };
        let file = folder.path().join(format!("{n}.sql"));
        let columns = "id_value, fa_value, active, additional_info";
        let query = format!(
            "SELECT {columns} FROM {list}spar_mapper.id_fa_mappings WHERE tenant_id = 'default' AND {condition}"
        );
        let query = match form {
            Form::Loop => format!(
                "SELECT {columns} FROM UNNEST('{{{ids}}}'::text[]) AS asked (id), LATERAL ({query} OFFSET 0) m;\n"
            ),
            Form::Any | Form::Join => format!("{query};\n"),
        };
        std::fs::write(&file, query).unwrap();
        command.arg("-f").arg(file);
    }
    let output = command.arg(world.admin_url()).output().expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let said = String::from_utf8_lossy(&output.stderr);
    let tps = tps.unwrap_or_else(|| panic!("pgbench: {text} {}", said.get(..500).unwrap_or(&said)));
    let tps: f64 = tps.split(' ').next().unwrap().parse().unwrap();
    tps * f64::from(u32::try_from(items).unwrap())
}
