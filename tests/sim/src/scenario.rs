//! Conversations as lists of described steps.

use std::fmt;
use std::ops::Range;

use netcore_proto::{Span, Transport};

use crate::effects::Conditions;
use crate::{LiveScenario, World};

/// One thing that happens in a [`Scenario`]. The first name of a scenario's people is the host's.
pub enum Step {
    /// The host opens a room, another one each time.
    Open,
    /// The host closes it.
    Close,
    /// A person connects, for the first time or again.
    Join(&'static str),
    /// A person says goodbye.
    Leave(&'static str),
    /// A person's control connection breaks; both ends notice, and what was in flight is lost.
    Cut(&'static str),
    /// Nothing gets to or from a person, and no one is notified.
    Silence(&'static str),
    /// It does again, and what was sent meanwhile arrives.
    Heal(&'static str),
    /// A person's computer sleeps: it does nothing, and nothing gets there.
    Sleep(&'static str),
    /// It wakes. Its clock has stood still for so long meanwhile.
    Wake(&'static str, Span),
    /// A person's program starts anew: the identity stays, the memory does not.
    Restart(&'static str),
    /// A person says something.
    Say(&'static str, &'static str),
    /// A person's control connection carries these bytes to the host, whatever they are.
    Raw(&'static str, Vec<u8>),
    /// A person's link is different from now on, in both directions.
    Link(&'static str, Conditions),
    /// A person begins a stream over this transport.
    Publish(&'static str, Transport),
    /// A person's first stream uses this transport from now on.
    Switch(&'static str, Transport),
    /// A person watches every stream there is.
    WatchAll(&'static str),
    /// A person's first stream gets pictures for a while.
    GoLive(&'static str, LiveScenario),
    /// Time passes.
    Wait(Span),
    /// Anything else, in words and in deed.
    Do(&'static str, Box<dyn Fn(&mut World)>),
    /// Something that must be so now: it panics when it is not.
    Check(&'static str, Box<dyn Fn(&World)>),
}

impl Step {
    /// [`Step::Do`].
    pub fn act(words: &'static str, act: impl Fn(&mut World) + 'static) -> Step {
        Step::Do(words, Box::new(act))
    }

    /// [`Step::Check`].
    pub fn check(words: &'static str, check: impl Fn(&World) + 'static) -> Step {
        Step::Check(words, Box::new(check))
    }

    /// [`Step::Wait`] for milliseconds.
    pub fn wait_ms(ms: u64) -> Step {
        Step::Wait(Span::from_millis(ms))
    }

    fn take(&self, world: &mut World) {
        match self {
            Step::Open => world.open(),
            Step::Close => world.with_node(world.host(), |node, _| node.leave()),
            Step::Join(who) => world.join(who),
            Step::Leave(who) => world.with_node(who, |node, _| node.leave()),
            Step::Cut(who) => world.cut(who),
            Step::Silence(who) => world.silence(who),
            Step::Heal(who) => world.heal(who),
            Step::Sleep(who) => world.sleep(who),
            Step::Wake(who, lost) => world.wake(who, *lost),
            Step::Restart(who) => world.restart(who),
            Step::Say(who, text) => {
                world.say(who, text);
            }
            Step::Raw(who, bytes) => world.raw(who, bytes),
            Step::Link(who, conditions) => world.link(who, conditions),
            Step::Publish(who, transport) => world.publish(who, *transport),
            Step::Switch(who, transport) => world.switch(who, *transport),
            Step::WatchAll(who) => world.watch_all(who),
            Step::GoLive(who, scenario) => world.go_live(who, scenario),
            Step::Wait(span) => world.wait(*span),
            Step::Do(_, act) => act(world),
            Step::Check(_, check) => check(world),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Open => write!(f, "the host opens a room"),
            Step::Close => write!(f, "the host closes the room"),
            Step::Join(who) => write!(f, "{who} connects"),
            Step::Leave(who) => write!(f, "{who} leaves"),
            Step::Cut(who) => write!(f, "{who}'s connection breaks"),
            Step::Silence(who) => write!(f, "nothing gets to or from {who}"),
            Step::Heal(who) => write!(f, "{who} can be reached again"),
            Step::Sleep(who) => write!(f, "{who}'s computer sleeps"),
            Step::Wake(who, lost) => write!(f, "{who}'s computer wakes, its clock {lost} behind"),
            Step::Restart(who) => write!(f, "{who}'s program starts anew"),
            Step::Say(who, text) => write!(f, "{who} says {text:?}"),
            Step::Raw(who, bytes) => write!(f, "{who}'s connection carries {} raw bytes", bytes.len()),
            Step::Link(who, conditions) => write!(f, "{who}'s link: {conditions}"),
            Step::Publish(who, transport) => write!(f, "{who} begins a stream over {transport}"),
            Step::Switch(who, transport) => write!(f, "{who} switches the stream to {transport}"),
            Step::WatchAll(who) => write!(f, "{who} watches every stream"),
            Step::GoLive(who, scenario) => write!(f, "{who} goes live: {scenario}"),
            Step::Wait(span) => write!(f, "{span} pass"),
            Step::Do(words, _) => f.write_str(words),
            Step::Check(words, _) => write!(f, "then {words}"),
        }
    }
}

/// A conversation as a list of described steps.
pub struct Scenario {
    title: &'static str,
    people: &'static [&'static str],
    links: Conditions,
    steps: Vec<Step>,
}

impl Scenario {
    /// A scenario for these people, the host first, on perfect links of 2 ms in each direction.
    pub fn new(title: &'static str, people: &'static [&'static str]) -> Scenario {
        Scenario {
            title,
            people,
            links: Conditions::delay_ms(2),
            steps: Vec::new(),
        }
    }

    /// Each person's link is like this, in both directions.
    #[must_use]
    pub fn links(self, links: Conditions) -> Scenario {
        Scenario { links, ..self }
    }

    /// What happens next.
    #[must_use]
    pub fn then(mut self, steps: impl IntoIterator<Item = Step>) -> Scenario {
        self.steps.extend(steps);
        self
    }

    /// Takes every step. What it leaves behind can be looked at.
    ///
    /// # Panics
    /// When a step does; the steps so far and the trace's end are printed.
    pub fn run(&self, seed: u64) -> World {
        let mut run = Run {
            scenario: self,
            seed,
            at: 0,
            world: World::new(self.people, &self.links, seed),
        };
        for (at, step) in self.steps.iter().enumerate() {
            run.at = at;
            step.take(&mut run.world);
        }
        std::mem::replace(&mut run.world, World::new(self.people, &self.links, seed))
    }

    /// Takes every step for every seed.
    ///
    /// # Panics
    /// As [`Scenario::run`].
    pub fn run_all(&self, seeds: Range<u64>) {
        for seed in seeds {
            self.run(seed);
        }
    }
}

/// A run, which prints its story when a step fails.
struct Run<'a> {
    scenario: &'a Scenario,
    seed: u64,
    at: usize,
    world: World,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let Scenario {
            title, links, steps, ..
        } = self.scenario;
        eprintln!("{title}\n  seed {}, links: {links}", self.seed);
        // A long story is printed from where it becomes interesting.
        for (number, step) in steps
            .iter()
            .enumerate()
            .take(self.at + 1)
            .skip(self.at.saturating_sub(40))
        {
            let mark = if number == self.at { "✗" } else { " " };
            eprintln!("  {mark} {number:2}. {step}");
        }
        eprintln!("  the last that happened:\n{}", self.world.trace());
    }
}
