//! The tasks that run on one core, so that they can be awaited and cut off.

use std::cell::RefCell;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The tasks of the iterations that run.
#[derive(Debug, Default)]
pub(crate) struct RunningTasks {
    places: RefCell<TaskPlaces>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct TaskPlaces {
    tasks: Vec<Option<AbortHandle>>,
    free: Vec<usize>,
    count: usize,
}

impl RunningTasks {
    /// Takes a place for a task that is about to be spawned.
    pub(crate) fn enter(&self) -> usize {
        let mut places = self.places.borrow_mut();
        places.count += 1;
        places.free.pop().unwrap_or_else(|| {
            places.tasks.push(None);
            places.tasks.len() - 1
        })
    }

    /// Sets the task at a place.
    pub(crate) fn set(&self, place: usize, task: AbortHandle) {
        self.places.borrow_mut().tasks[place] = Some(task);
    }

    /// Frees the place of a task that is over.
    pub(crate) fn leave(&self, place: usize) {
        let left = {
            let mut places = self.places.borrow_mut();
            places.count -= 1;
            places.tasks[place] = None;
            places.free.push(place);
            places.count
        };
        if left == 0 {
            self.idle.notify_waiters();
        }
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.places.borrow().count == 0 {
                return;
            }
            idle.await;
        }
    }

    pub(crate) fn abort(&self, place: usize) {
        let task = self.places.borrow().tasks.get(place).cloned().flatten();
        if let Some(task) = task {
            task.abort();
        }
    }

    pub(crate) fn abort_all(&self) {
        let tasks: Vec<_> = self.places.borrow().tasks.iter().flatten().cloned().collect();
        for task in tasks {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_used_again_and_all_tasks_can_be_cut_off() {
        let running = RunningTasks::default();
        running.idle().await;
        let places = [running.enter(), running.enter()];
        running.leave(places[0]);
        assert_eq!(running.enter(), places[0]);
        let tasks = places.map(|place| {
            let task = tokio::spawn(std::future::pending::<()>());
            running.set(place, task.abort_handle());
            task
        });
        running.abort(places[1]);
        running.abort_all();
        for (place, task) in places.into_iter().zip(tasks) {
            assert!(task.await.unwrap_err().is_cancelled());
            running.leave(place);
        }
        running.idle().await;
    }
}
