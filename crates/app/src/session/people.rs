//! Who is here and who was: a name is still wanted when its person has left.

use std::collections::BTreeMap;

use netcore::proto::MemberId;
use netcore::proto::session::{MAX_PEOPLE, Person};
use parking_lot::Mutex;

/// The most people remembered: as many as a room takes, and the latest of those who have left. A person is a few hundred
/// bytes.
const MAX_REMEMBERED: usize = 4 * MAX_PEOPLE;

/// The people of a room since it was entered. The only list of them beside the room's own.
#[derive(Default)]
pub(crate) struct People(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    people: BTreeMap<MemberId, Known>,
    /// How many departures there have been so far.
    departures: u64,
}

struct Known {
    person: Person,
    /// Which departure it was; `None` while they are here.
    left: Option<u64>,
}

impl People {
    /// Those who are here.
    pub(crate) fn of(people: &[Person]) -> People {
        let all = People::default();
        all.replace(people);
        all
    }

    /// Takes a person who is here, as they are now; whether that is not as they were.
    pub(crate) fn put(&self, person: Person) -> bool {
        self.0.lock().put(person)
    }

    /// Takes a person who has left, as they were last.
    pub(crate) fn leave(&self, person: &Person) {
        let mut remembered = self.0.lock();
        remembered.put(person.clone());
        remembered.depart(person.id);
    }

    /// Takes `people` for everybody who is here, and returns those who were and are not, and those who are not as they were.
    pub(crate) fn replace(&self, people: &[Person]) -> (Vec<Person>, Vec<Person>) {
        let mut remembered = self.0.lock();
        let is_gone = |person: &Person| people.iter().all(|other| other.id != person.id);
        let here = remembered.here().filter(|person| is_gone(person));
        let gone: Vec<Person> = here.cloned().collect();
        gone.iter().for_each(|person| remembered.depart(person.id));
        let is_news = |person: &&Person| remembered.put((*person).clone());
        let news = people.iter().filter(is_news).cloned().collect();
        (gone, news)
    }

    /// Everybody who is here, by number.
    pub(crate) fn here(&self) -> Vec<Person> {
        self.0.lock().here().cloned().collect()
    }

    /// How many are here besides `me`.
    pub(crate) fn others(&self, me: MemberId) -> u32 {
        let remembered = self.0.lock();
        let others = remembered.here().filter(|person| person.id != me);
        u32::try_from(others.count()).unwrap_or(u32::MAX)
    }

    /// A person who is or was here.
    pub(crate) fn get(&self, id: MemberId) -> Option<Person> {
        self.0.lock().people.get(&id).map(|known| known.person.clone())
    }

    /// A person's name; empty when nobody of that number is remembered.
    pub(crate) fn name(&self, id: MemberId) -> String {
        let remembered = self.0.lock();
        let known = remembered.people.get(&id);
        known
            .map(|known| known.person.profile.name.clone())
            .unwrap_or_default()
    }
}

impl Remembered {
    fn here(&self) -> impl Iterator<Item = &Person> {
        let here = self.people.values().filter(|known| known.left.is_none());
        here.map(|known| &known.person)
    }

    /// Takes a person who is here, as they are now; whether that is not as they were.
    fn put(&mut self, person: Person) -> bool {
        let before = self.people.get(&person.id);
        let is_news = before.is_none_or(|before| before.left.is_some() || before.person != person);
        self.people.insert(person.id, Known { person, left: None });
        while self.people.len() > MAX_REMEMBERED {
            // Who left first is asked for last. That nobody left is not possible below the room's own limit.
            let left = self
                .people
                .iter()
                .filter_map(|(id, known)| Some((known.left?, *id)));
            let Some((_, earliest)) = left.min() else { break };
            self.people.remove(&earliest);
        }
        is_news
    }

    fn depart(&mut self, id: MemberId) {
        self.departures += 1;
        if let Some(known) = self.people.get_mut(&id) {
            known.left = Some(self.departures);
        }
    }
}

#[cfg(test)]
mod tests {
    use netcore::proto::session::{Fingerprint, Presence, Profile};

    use super::*;

    fn person(id: u32) -> Person {
        Person {
            id: MemberId(id),
            profile: Profile {
                name: format!("Visitor {id}"),
                ..Profile::default()
            },
            address: "127.0.0.1:1".parse().unwrap(),
            fingerprint: Fingerprint([0; 32]),
            presence: Presence::Here,
        }
    }

    #[test]
    fn those_who_left_long_ago_are_forgotten_and_nobody_who_is_here() {
        let people = People::of(&[person(0), person(1)]);
        let visitors = u32::try_from(10 * MAX_REMEMBERED).unwrap();
        for id in 2..visitors {
            people.put(person(id));
            people.leave(&person(id));
        }
        assert_eq!(people.0.lock().people.len(), MAX_REMEMBERED);
        assert_eq!(people.name(MemberId(1)), "Visitor 1");
        assert_eq!(people.name(MemberId(2)), "", "who left first");
        assert_eq!(
            people.name(MemberId(visitors - 1)),
            format!("Visitor {}", visitors - 1)
        );
        assert_eq!(people.others(MemberId(0)), 1);
    }

    #[test]
    fn who_is_missing_in_a_new_list_has_left_and_is_still_known_by_name() {
        let people = People::of(&[person(0), person(1)]);
        let (gone, news) = people.replace(&[person(0), person(2)]);
        assert_eq!((gone, news), (vec![person(1)], vec![person(2)]));
        assert_eq!(people.replace(&[person(0), person(2)]), (vec![], vec![]));
        let away = Person {
            presence: Presence::Reconnecting,
            ..person(2)
        };
        assert!(people.put(away.clone()) && !people.put(away));
        assert!(people.put(person(2)));
        assert_eq!(people.name(MemberId(1)), "Visitor 1");
        let here: Vec<u32> = people.here().iter().map(|person| person.id.0).collect();
        assert_eq!(here, [0, 2]);
    }
}
