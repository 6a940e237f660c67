//! What goes to and fro between the decision of a push and the cloud.

#[cfg(test)]
use crate::model::promotion::REFS_A_PUSH;

/// What the cloud has to do with the refs of one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// All of them or none; as many as the host takes in one push, where it takes few.
    Whole,
    /// The same; but where the cloud will not have it, the first of them alone.
    FirstAtLeast,
    /// One ref, which needs no agreement with others.
    Single,
    /// Each for itself, once: what is refused stays as it is, for a later command.
    Each,
}

/// How a push can be sent to this cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Road {
    /// It takes all or nothing.
    pub atomic: bool,
    /// It takes tags with the rest.
    pub tag: bool,
    /// It takes deletions with the rest.
    pub folded: bool,
    /// How many refs it takes in one push.
    pub most: usize,
}

impl Road {
    /// All that gryt sends.
    #[cfg(test)]
    pub(crate) const WIDE: Self = Self {
        atomic: true,
        tag: true,
        folded: true,
        most: REFS_A_PUSH,
    };
}

/// What the cloud said to a push: read from flags, from which line bears another reason, and from how
/// far the push got, never from words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It acknowledged everything.
    Accepted,
    /// Our git refused: a ref does not stand where the push expects it.
    Lost,
    /// The server answered, and said no.
    Declined(Culprit),
    /// Nothing was sent.
    Unsent(Barrier),
    /// Something may have been sent, and no whole answer arrived.
    Unknown,
}

/// What a server that said no meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Culprit {
    /// The push as it is: no line differs from the others.
    Whole,
    /// The first ref.
    First,
    /// A tag.
    Tag,
    /// A deletion.
    Deletion,
    /// Something else.
    Other,
}

/// What kept a push from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barrier {
    /// The name, the route, the host's key, a login over ssh, or the right to push there: git does not
    /// tell them apart.
    Connection,
    /// The server asks to come back later.
    Busy,
    /// The login.
    Login,
    /// The right to push there at all.
    Rights,
}

/// What came of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// The cloud was read.
    Read,
    /// There is something to push.
    Planned(Parts),
    /// There is nothing to push.
    NothingLeft,
    /// The push came back.
    Replied(Reply),
    /// What was acknowledged is taken over, and perhaps more is to be pushed.
    TakenOver { more: bool },
    /// The cloud was read after a push that was not acknowledged whole.
    Looked(Moved),
    /// It could not be read.
    Unreadable,
    /// Whether the cloud takes such a push, only not all or nothing.
    Probed { lacks_atomic: bool },
}

/// What stands in the cloud otherwise than when a push was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Moved {
    /// Nothing that the push names.
    Nothing,
    /// Something, but not its first ref.
    Something,
    /// Its first ref: whatever was sent on top of where that stood before cannot land any more.
    First,
}

/// What a push is made of, guards left out: the server sees nothing of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    pub refs: usize,
    /// Whether a tag is among what comes after the first.
    pub tag: bool,
    /// Whether a deletion is.
    pub folded: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// Decide what is to be pushed over what the cloud holds.
    Plan(Road),
    /// Push what was planned.
    Send { atomic: bool },
    /// Take over here what was acknowledged.
    TakeOver,
    /// Read again what this clone knows of the cloud, without asking it.
    Reread,
    /// Wait a while, and ask the cloud.
    Look(Pause),
    /// Find out whether the cloud takes no atomic push.
    Probe,
    /// Stop.
    End(End),
}

/// How long to wait before a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pause {
    /// So that clones do not meet again: longer with a greater weight.
    Apart { weight: u32 },
    /// For a connection that did not stand: longer each time.
    Line { tries: u32 },
    /// For a server that asked for it: longer each time.
    Busy { tries: u32 },
}

/// How a push ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// All that there was to push is in the cloud.
    Done,
    /// It is known not to be in the cloud, and why.
    Denied(Denial),
    /// The same of what was sent last; but an earlier push of the same may still land.
    Doubtful(Denial),
    /// Other people's pushes kept coming first.
    Overtaken,
    /// It was sent, no whole answer came, and the cloud shows nothing of it: it may still land.
    Unheard,
    /// The same, and the cloud could not be read either; or a lease was lost and it could not be read.
    Unreadable { unheard: bool },
}

/// Why a push is known not to be in the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Denial {
    /// Nothing was sent: the cloud cannot be reached.
    NotConnected,
    /// Nothing was sent: the login was refused.
    NoLogin,
    /// Nothing was sent: the cloud can be read, and takes no push.
    NotAllowed,
    /// It was sent, and a rule of the host's refused it.
    Refused(Culprit),
    /// Refs do not stand where the cloud shows them.
    Lost,
}
