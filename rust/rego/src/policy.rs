//! A compiled policy: modules, data, and what is known of their rules.

use crate::analysis::{self, Rule};
use crate::Status;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use std::num::NonZeroU32;
use std::time::Duration;

pub struct Module {
    pub path: String,
    pub source: String,
}

#[derive(Debug)]
pub struct Failure {
    pub status: Status,
    pub message: String,
}

impl Failure {
    pub fn error(message: impl Into<String>) -> Self {
        Self { status: Status::Error, message: message.into() }
    }

    /// What the interpreter says, by what it means to who asked.
    fn of<E: std::fmt::Display>(error: E) -> Self {
        let message = error.to_string().trim().to_owned();
        let status = if message.starts_with("execution exceeded time limit") {
            Status::Timeout
        } else if message.starts_with("execution exceeded memory limit") {
            Status::OutOfMemory
        } else {
            Status::Error
        };
        Self { status, message }
    }
}

/// Nested deeper, the parser takes very long and the evaluation a deep stack.
const NESTING_MAX: usize = 64;
/// The parser recurses; a thread's default stack would bound it by a crash.
const COMPILE_STACK_BYTES: usize = 256 << 20;
/// Steps between two looks at the clock.
const CHECK_INTERVAL: NonZeroU32 = NonZeroU32::new(16).unwrap();

pub struct Policy {
    engine: Engine,
    rules: Vec<Rule>,
}

/// What the C interface promises: evaluated by many threads at once.
const fn shared<T: Send + Sync>() {}
const _: () = shared::<Policy>();

impl Policy {
    pub fn compile(modules: Vec<Module>, data_json: String) -> Result<Self, Failure> {
        let compiling = std::thread::Builder::new()
            .name("rego-compile".to_owned())
            .stack_size(COMPILE_STACK_BYTES)
            .spawn(move || Self::compile_here(&modules, &data_json))
            .map_err(Failure::of)?;
        compiling
            .join()
            .unwrap_or_else(|_| Err(Failure { status: Status::Panic, message: "the interpreter failed".to_owned() }))
    }

    fn compile_here(modules: &[Module], data_json: &str) -> Result<Self, Failure> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_gather_prints(true);
        for module in modules {
            check_nesting(module)?;
            engine.add_policy(module.path.clone(), module.source.clone()).map_err(Failure::of)?;
        }
        let data = Value::from_json_str(data_json).map_err(Failure::of)?;
        engine.add_data(data).map_err(Failure::of)?;
        let ast = engine.get_ast_as_json().map_err(Failure::of)?;
        let rules = analysis::analyze(&ast, &data_paths(data_json)?).map_err(Failure::error)?;
        // Any query makes the interpreter find what only it can: unsafe variables, functions of two arities.
        engine.eval_query("true".to_owned(), false).map_err(Failure::of)?;
        Ok(Self { engine, rules })
    }

    pub fn describe(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(Rule::to_json).collect();
        serde_json::json!({ "rules": rules }).to_string()
    }

    pub fn evaluate(&self, path: &str, input_json: &str, limit: Duration) -> Result<Option<String>, Failure> {
        let mut engine = self.engine.clone();
        engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: CHECK_INTERVAL });
        engine.set_input(Value::from_json_str(input_json).map_err(Failure::of)?);
        let results = engine.eval_query(path.to_owned(), false).map_err(Failure::of)?;
        let Some(expression) = results.result.first().and_then(|one| one.expressions.first()) else {
            return Ok(None);
        };
        if expression.value == Value::Undefined {
            return Ok(None);
        }
        serde_json::to_string(&expression.value).map(Some).map_err(Failure::of)
    }
}

/// Top level members of the data, down to those that are no objects: what rules must not lie under.
fn data_paths(data_json: &str) -> Result<Vec<Vec<String>>, Failure> {
    let data: serde_json::Value = serde_json::from_str(data_json).map_err(Failure::of)?;
    let serde_json::Value::Object(members) = data else {
        return Err(Failure::error("data is not a JSON object"));
    };
    let mut found = Vec::new();
    let mut pending: Vec<(Vec<String>, serde_json::Value)> =
        members.into_iter().map(|(name, value)| (vec![name], value)).collect();
    while let Some((path, value)) = pending.pop() {
        match value {
            serde_json::Value::Object(inner) if !inner.is_empty() => {
                for (name, value) in inner {
                    let mut below = path.clone();
                    below.push(name);
                    pending.push((below, value));
                }
            }
            _ => found.push(path),
        }
    }
    Ok(found)
}

/// Counts brackets outside texts and comments.
fn check_nesting(module: &Module) -> Result<(), Failure> {
    let mut depth = 0usize;
    let mut line = 1;
    let mut characters = module.source.chars();
    while let Some(character) = characters.next() {
        match character {
            '\n' => line += 1,
            '#' => {
                for skipped in characters.by_ref() {
                    if skipped == '\n' {
                        line += 1;
                        break;
                    }
                }
            }
            '"' | '`' => {
                while let Some(inner) = characters.next() {
                    if inner == '\n' {
                        line += 1;
                    }
                    if inner == '\\' && character == '"' {
                        characters.next();
                    } else if inner == character {
                        break;
                    }
                }
            }
            '(' | '[' | '{' => {
                depth += 1;
                if depth > NESTING_MAX {
                    return Err(Failure::error(format!(
                        "{}:{line}: expressions are nested deeper than {NESTING_MAX}",
                        module.path
                    )));
                }
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
