//! Who is here and who was: a name is still wanted when its person has left.

use std::collections::BTreeMap;
use std::sync::Mutex;

use netcore::proto::MemberId;
use netcore::proto::session::Person;

use crate::core::lock;

/// Everybody who has been in the room since it was entered. A room gives at most so many numbers as people come, and a
/// person is a few hundred bytes.
pub(crate) struct People(Mutex<BTreeMap<MemberId, (Person, bool)>>);

impl People {
    pub(crate) fn of(people: &[Person]) -> People {
        People(Mutex::new(
            people
                .iter()
                .map(|person| (person.id, (person.clone(), true)))
                .collect(),
        ))
    }

    pub(crate) fn put(&self, person: Person) {
        lock(&self.0).insert(person.id, (person, true));
    }

    pub(crate) fn leave(&self, person: &Person) {
        lock(&self.0).insert(person.id, (person.clone(), false));
    }

    /// Takes `people` for everybody who is here, and returns those who were and are not.
    pub(crate) fn replace(&self, people: &[Person]) -> Vec<Person> {
        let mut known = lock(&self.0);
        let is_gone = |person: &Person| people.iter().all(|other| other.id != person.id);
        let mut gone = Vec::new();
        for (person, is_here) in known.values_mut() {
            if *is_here && is_gone(person) {
                *is_here = false;
                gone.push(person.clone());
            }
        }
        known.extend(people.iter().map(|person| (person.id, (person.clone(), true))));
        gone
    }

    /// How many are here besides `me`.
    pub(crate) fn others(&self, me: MemberId) -> u32 {
        let known = lock(&self.0);
        let others = known
            .values()
            .filter(|(person, is_here)| *is_here && person.id != me);
        u32::try_from(others.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, id: MemberId) -> Option<Person> {
        lock(&self.0).get(&id).map(|(person, _)| person.clone())
    }

    /// A person's name; empty when nobody of that number was ever here.
    pub(crate) fn name(&self, id: MemberId) -> String {
        lock(&self.0)
            .get(&id)
            .map(|(person, _)| person.profile.name.clone())
            .unwrap_or_default()
    }
}
