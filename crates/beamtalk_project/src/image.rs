pub const INPUT: &str = "<input>";
pub struct Compiled; pub struct Failure; pub struct Image; pub struct ModuleCode; pub struct Sources;
