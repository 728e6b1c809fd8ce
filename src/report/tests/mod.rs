mod modes;
mod recorded;
mod summary;

use super::testing::Story;

/// Two tasks side by side, which write in turn.
pub(super) fn two_at_once() -> Story {
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2);
    story.start(1, 11, "make a").start(2, 21, "make b");
    story.out(11, "a1\n").out(21, "b1\n").err(11, "a2\n").out(21, "b2");
    story.ok(21).ok(2).out(11, "a3\n").ok(11).ok(1);
    story
}
