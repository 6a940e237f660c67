//! Choices that are read from bytes, so that a fuzzer can make them.

pub(super) struct Dice<'b>(&'b [u8]);

impl<'b> Dice<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; zeros at the end.
    pub(super) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub(super) fn flip(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// All that was not read.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.0
    }
}
