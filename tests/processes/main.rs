//! Real processes: what `exec` starts, hears of and leaves behind.
//!
//! A test starts this executable again to play a scene, because a scene splits its process in two, owns all
//! signals and children of it, and needs the main thread.

mod guarding;
mod harness;
mod jobs;
mod scenes;
mod terminal;

fn main() {
    if let Ok(scene) = std::env::var(harness::SCENE) {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        scenes::play(&scene, &arguments);
    }
    let tests: Vec<harness::Test> = [jobs::TESTS, guarding::TESTS, terminal::TESTS].concat();
    harness::run(&tests);
}
