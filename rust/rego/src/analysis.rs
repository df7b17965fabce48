//! What of modules can be known without running them, read off the interpreter's syntax tree: which rules there are,
//! whether rules of one name can be one document, which functions they call and whether they depend on themselves.
//! regorus finds the first at run time only and does not find recursion of functions, which ends in a stack overflow.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Complete,
    Set,
    Object,
    Function,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Set => "set",
            Self::Object => "object",
            Self::Function => "function",
        }
    }
}

/// All rules of one name in one package.
#[derive(Clone, Debug)]
pub struct Rule {
    package: Vec<String>,
    name: String,
    kind: Kind,
    has_default: bool,
    file: String,
    line: u64,
}

impl Rule {
    pub fn to_json(&self) -> Value {
        serde_json::json!({"package": self.package, "name": self.name, "kind": self.kind.name(),
                           "default": self.has_default, "file": self.file, "line": self.line})
    }
}

/// Built-in functions that policies may call; all are pure. tests/c_interface.rs asks the interpreter for each.
const BUILTINS: &str = include_str!("builtins.txt");

type Path = Vec<String>;

/// A static beginning of a reference: `data.a.b[x].c` is data, a, b and not whole.
struct Reference {
    path: Path,
    whole: bool,
}

struct Use {
    reference: Reference,
    call: bool,
    line: u64,
}

struct Body {
    owner: usize,
    file: String,
    package: Path,
    imports: HashMap<String, Path>,
    uses: Vec<Use>,
    declared: HashSet<String>,
}

/// The rules of `ast`, which is what `Engine::get_ast_as_json` gives, in the order of the modules. Errors: a message.
pub fn analyze(ast: &str, data: &[Path]) -> Result<Vec<Rule>, String> {
    let modules: Value = serde_json::from_str(ast).map_err(|error| error.to_string())?;
    let mut rules: Vec<Rule> = Vec::new();
    let mut bodies = Vec::new();
    let mut constants = BTreeMap::new();
    for module in modules.as_array().into_iter().flatten() {
        let file = text(&module["source"]["file"]);
        let tree = &module["ast"];
        let package = reference(&tree["package"]["refr"]).path;
        let imports = imports_of(tree, &text(&module["source"]["contents"]));
        for rule in tree["rules"].as_array().into_iter().flatten() {
            let owner = add_rule(&mut rules, rule, &package, &file)?;
            check_constant(&mut constants, owner, rule, &file)?;
            if let Some(line) = negation_in_every(rule, false) {
                return Err(format!(
                    "{file}:{line}: not of a reference with a variable in brackets inside every is not supported: put \
                     it into a function, or use a comprehension"
                ));
            }
            let mut body = Body {
                owner,
                file: file.clone(),
                package: package.clone(),
                imports: imports.clone(),
                uses: Vec::new(),
                declared: HashSet::new(),
            };
            walk(rule, &mut body);
            bodies.push(body);
        }
    }
    check_data(&rules, data)?;
    check_uses(&rules, &bodies)?;
    Ok(rules)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn line_of(node: &Value) -> u64 {
    node["span"]["line"].as_u64().unwrap_or_default()
}

/// Names of a module to what they stand for. `source` is the module, which the tree's spans are of.
fn imports_of(tree: &Value, source: &str) -> HashMap<String, Path> {
    let mut imports = HashMap::new();
    for import in tree["imports"].as_array().into_iter().flatten() {
        let path = reference(&import["refr"]).path;
        let alias = spanned(&import["as"], source).or_else(|| path.last().cloned());
        imports.insert(alias.unwrap_or_default(), path);
    }
    imports
}

fn spanned(span: &Value, source: &str) -> Option<String> {
    let position = |name: &str| span[name].as_u64().and_then(|at| usize::try_from(at).ok());
    source.get(position("start")?..position("end")?).map(str::to_owned)
}

/// The static beginning of a reference expression.
fn reference(expression: &Value) -> Reference {
    if let Some(node) = expression.get("Var") {
        return Reference { path: vec![text(&node["value"])], whole: true };
    }
    if let Some(node) = expression.get("RefDot") {
        let mut base = reference(&node["refr"]);
        if base.whole {
            base.path.push(text(&node["field"][1]));
        }
        return base;
    }
    if let Some(node) = expression.get("RefBrack") {
        let mut base = reference(&node["refr"]);
        match node["index"].get("String").or_else(|| node["index"].get("RawString")) {
            Some(index) if base.whole => base.path.push(text(&index["value"])),
            _ => base.whole = false,
        }
        return base;
    }
    Reference { path: Vec::new(), whole: false }
}

fn head_of(rule: &Value) -> (&Value, Kind) {
    if let Some(default) = rule.get("Default") {
        let function = default["args"].as_array().is_some_and(|args| !args.is_empty());
        return (&default["refr"], if function { Kind::Function } else { Kind::Complete });
    }
    let head = &rule["Spec"]["head"];
    if let Some(function) = head.get("Func") {
        return (&function["refr"], Kind::Function);
    }
    if let Some(set) = head.get("Set") {
        return (&set["refr"], Kind::Set);
    }
    let refr = &head["Compr"]["refr"];
    (refr, if refr.get("Var").is_some() { Kind::Complete } else { Kind::Object })
}

fn node_of(rule: &Value) -> &Value {
    rule.get("Spec").or_else(|| rule.get("Default")).unwrap_or(&Value::Null)
}

fn add_rule(rules: &mut Vec<Rule>, rule: &Value, package: &Path, file: &str) -> Result<usize, String> {
    let (refr, mut kind) = head_of(rule);
    let path = reference(refr).path;
    let is_default = rule.get("Default").is_some();
    let line = line_of(node_of(rule));
    // A set or function below a name makes the name an object: a.b contains x.
    if path.len() > 1 && kind != Kind::Function {
        kind = Kind::Object;
    }
    // A function below a name is called by its whole name.
    let name = if kind == Kind::Function { path.join(".") } else { path.first().cloned().unwrap_or_default() };
    let known = rules.iter().position(|one| one.package == *package && one.name == name);
    let Some(index) = known else {
        rules.push(Rule { package: package.clone(), name, kind, has_default: is_default, file: file.to_owned(), line });
        return Ok(rules.len() - 1);
    };
    let one = &mut rules[index];
    let at = format!("{file}:{line}");
    let before = format!("{}:{}", one.file, one.line);
    if one.kind != kind {
        return Err(format!("{at}: rule {name} is a {} here and a {} at {before}", kind.name(), one.kind.name()));
    }
    if is_default && one.has_default {
        return Err(format!("{at}: rule {name} has two defaults, see also {before}"));
    }
    one.has_default |= is_default;
    Ok(index)
}

/// Two unconditional values of one document always conflict.
fn check_constant(
    constants: &mut BTreeMap<usize, (Value, String)>,
    owner: usize,
    rule: &Value,
    file: &str,
) -> Result<(), String> {
    let spec = &rule["Spec"];
    let unconditional = spec["bodies"].as_array().is_some_and(Vec::is_empty);
    let head = &spec["head"]["Compr"];
    if !unconditional || head["refr"].get("Var").is_none() {
        return Ok(());
    }
    let Some(value) = head["assign"]["value"].as_object().and_then(|one| one.values().next()) else {
        return Ok(());
    };
    let Some(value) = value.get("value") else { return Ok(()) };
    let at = format!("{file}:{}", line_of(spec));
    match constants.get(&owner) {
        Some((other, before)) if other != value => Err(format!("{at}: the rule conflicts with the one at {before}")),
        Some(_) => Ok(()),
        None => {
            constants.insert(owner, (value.clone(), at));
            Ok(())
        }
    }
}

/// Collects references and calls of a rule, and the variables it declares itself.
fn walk(node: &Value, body: &mut Body) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| walk(item, body)),
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    "Var" | "RefDot" | "RefBrack" => {
                        let expression = Value::Object([(key.clone(), value.clone())].into_iter().collect());
                        let reference = reference(&expression);
                        body.uses.push(Use { reference, call: false, line: line_of(value) });
                        walk_indexes(value, body);
                    }
                    "Call" => {
                        body.uses.push(Use { reference: reference(&value["fcn"]), call: true, line: line_of(value) });
                        walk(&value["params"], body);
                    }
                    "Func" => {
                        declare(&value["args"], body);
                        walk(&value["assign"], body);
                    }
                    "Set" if value.get("refr").is_some() => {
                        walk_indexes(&value["refr"], body);
                        walk(&value["key"], body);
                    }
                    "Compr" if value.get("refr").is_some() => {
                        walk_indexes(&value["refr"], body);
                        walk(&value["assign"], body);
                    }
                    "Default" => walk(&value["value"], body),
                    "SomeVars" => declare(value, body),
                    "SomeIn" | "Every" => {
                        declare(&value["key"], body);
                        declare(&value["value"], body);
                        walk(value, body);
                    }
                    "AssignExpr" if value["op"] == "ColEq" => {
                        declare(&value["lhs"], body);
                        walk(&value["rhs"], body);
                    }
                    _ => walk(value, body),
                }
            }
        }
        _ => {}
    }
}

/// What stands in the brackets of a reference.
fn walk_indexes(node: &Value, body: &mut Body) {
    if let Some(index) = node.get("index") {
        walk(index, body);
    }
    let Some(refr) = node.get("refr") else { return };
    for key in ["RefDot", "RefBrack"] {
        if let Some(inner) = refr.get(key) {
            walk_indexes(inner, body);
        }
    }
    // f(x).y or [1, 2][i]
    if ["Var", "RefDot", "RefBrack"].iter().all(|key| refr.get(key).is_none()) {
        walk(refr, body);
    }
}

fn declare(node: &Value, body: &mut Body) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| declare(item, body)),
        Value::Object(members) => {
            if let Some(variable) = members.get("Var") {
                body.declared.insert(text(&variable["value"]));
            }
            for (key, value) in members {
                if key != "Var" {
                    declare(value, body);
                }
            }
        }
        _ => {}
    }
}

/// The line of a `not` in an `every` over a reference such as data.x[y], where regorus 0.14.1 takes a member that is not
/// there for a failed body: the rule would be undefined where Open Policy Agent has it true, and a filter not applied.
fn negation_in_every(node: &Value, in_every: bool) -> Option<u64> {
    match node {
        Value::Array(items) => items.iter().find_map(|item| negation_in_every(item, in_every)),
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            if key == "NotExpr" && in_every && has_variable_index(value) {
                return Some(line_of(value));
            }
            negation_in_every(value, in_every || key == "Every")
        }),
        _ => None,
    }
}

fn has_variable_index(node: &Value) -> bool {
    match node {
        Value::Array(items) => items.iter().any(has_variable_index),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let literal = ["String", "RawString", "Number"].iter().any(|kind| value["index"].get(kind).is_some());
            (key == "RefBrack" && !literal) || has_variable_index(value)
        }),
        _ => false,
    }
}

/// Data where a rule is would be one or the other, whichever the interpreter looks at first.
fn check_data(rules: &[Rule], data: &[Path]) -> Result<(), String> {
    for rule in rules {
        let mut path = rule.package.clone();
        path.extend(rule.name.split('.').map(str::to_owned));
        if data.iter().any(|one| one.starts_with(&path) || path.starts_with(one)) {
            return Err(format!("{}:{}: data lies where rule {} is", rule.file, rule.line, rule.name));
        }
    }
    Ok(())
}

struct Names {
    /// Package and name to the rule, by whole path behind `data`.
    rules: BTreeMap<Path, usize>,
}

impl Names {
    fn of(rules: &[Rule]) -> Self {
        let path = |rule: &Rule| {
            let mut path = rule.package.clone();
            path.extend(rule.name.split('.').map(str::to_owned));
            path
        };
        Self { rules: rules.iter().enumerate().map(|(index, rule)| (path(rule), index)).collect() }
    }

    /// Rules that a reference may need: the one it goes into, or all below it.
    fn reached(&self, path: &[String]) -> Vec<usize> {
        self.rules
            .iter()
            .filter(|(rule, _)| path.starts_with(rule) || rule.starts_with(path))
            .map(|(_, index)| *index)
            .collect()
    }
}

/// The path behind `data` that a reference of `body` means; none for variables and the input.
fn resolve(body: &Body, path: &[String], names: &Names) -> Option<Path> {
    let first = path.first()?;
    if first == "data" {
        return Some(path[1..].to_vec());
    }
    if body.declared.contains(first) {
        return None;
    }
    let mut local = body.package.clone();
    local.push(first.clone());
    if names.rules.keys().any(|rule| rule.starts_with(&local)) {
        local.extend_from_slice(&path[1..]);
        return Some(local);
    }
    let import = body.imports.get(first)?;
    if import.first().map(String::as_str) != Some("data") {
        return None;
    }
    Some(import[1..].iter().chain(&path[1..]).cloned().collect())
}

fn check_uses(rules: &[Rule], bodies: &[Body]) -> Result<(), String> {
    let names = Names::of(rules);
    let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); rules.len()];
    for body in bodies {
        for one in &body.uses {
            let resolved = resolve(body, &one.reference.path, &names);
            if one.call {
                check_call(rules, &names, body, one, resolved.as_ref())?;
            }
            if let Some(path) = resolved {
                edges[body.owner].extend(names.reached(&path));
            }
        }
    }
    check_recursion(rules, &edges)
}

fn check_call(rules: &[Rule], names: &Names, body: &Body, called: &Use, resolved: Option<&Path>) -> Result<(), String> {
    let name = called.reference.path.join(".");
    if let Some(index) = resolved.and_then(|path| names.rules.get(path)) {
        if rules[*index].kind == Kind::Function {
            return Ok(());
        }
        return Err(format!("{}:{}: not a function: {name}", body.file, called.line));
    }
    if resolved.is_none() && BUILTINS.lines().any(|one| one == name) {
        return Ok(());
    }
    Err(format!(
        "{}:{}: no such function, or none that a policy may call (decisions depend on their input alone): {name}",
        body.file, called.line
    ))
}

/// Depth first, without recursion of its own.
fn check_recursion(rules: &[Rule], edges: &[BTreeSet<usize>]) -> Result<(), String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; rules.len()];
    for start in 0..rules.len() {
        if marks[start] != Mark::New {
            continue;
        }
        let mut stack = vec![(start, edges[start].iter())];
        marks[start] = Mark::Open;
        while let Some((node, next)) = stack.last_mut() {
            let node = *node;
            match next.next() {
                Some(&to) if marks[to] == Mark::Open => {
                    let rule = &rules[to];
                    return Err(format!("{}:{}: rule {} depends on itself", rule.file, rule.line, rule.name));
                }
                Some(&to) if marks[to] == Mark::New => {
                    marks[to] = Mark::Open;
                    stack.push((to, edges[to].iter()));
                }
                Some(_) => {}
                None => {
                    marks[node] = Mark::Done;
                    stack.pop();
                }
            }
        }
    }
    Ok(())
}
