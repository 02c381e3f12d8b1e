# SPDX-License-Identifier: Apache-2.0

"""Everything the ledger raises on purpose, outside its packages' own trees.

* LedgerError
  x UnknownSchool, UnknownUnit, UnknownFile, UnknownClass, UnknownRound, UnknownLine   asked for something that is not here
  x ForbiddenMove       the life-cycle has no such arrow
  x LostRace            another worker moved the row first; read again
  x PupilsDeparted      the class cannot be imported: something is said of a pupil who was released to another school
  x AlreadyImported     the class cannot be imported over what stands here: some of it is issued, or stands in another class
  x MistypedCode        a short code that cannot be one
  x NoDocuments         what a sheet says of a pupil cannot be printed or written
  x NothingToBind, YearsMissing, BookletIssued   no booklet can be bound of these units, or another one is in force
  x DamagedFile         a stored file no longer has the digest it was stored under
  x NotSigned           a document came back from a signer without what was asked for
  x NotAllSigned, NotAllIssued   some units of a class are signed or issued, and these are not
  x CannotStore, CannotRead   the file store takes no file, or cannot be asked: a full disk, an object store out of reach
  x UnusableFiles       the setting that says where files lie cannot be understood
  x NotArchived         a stored PDF without a document timestamp that can be read
  x NothingGained       a new document timestamp would not last longer than the one that is there
  x Unavailable         the database cannot be asked; nothing is known to have changed
    + CannotRecord      its disk is full, broken or read-only, or its file cannot be opened
  x UnusableDatabase    a PostgreSQL database that does not keep UTF-8, or sorts it by a language
  x WrongCertificate    a key that is not the one registered for what it is to sign
  x CertificateRefused  a certificate that may not be registered, or may not sign this now
  x NothingWaits        nobody waits for this signer
  x NotTheirs           somebody signs what another is assigned to, or the record names another for
  x UnknownAccount, AccountRefused   no such account at the desk, or it cannot be made or linked so
  x InvitationOver      an invitation, pairing code or answer of single sign-on that was used, or came too late
  x TooOften            too many failures to sign in; it passes by itself
  x Refused             the registry contract said no; the state did not change
  x CannotSend          no node takes what a chain account has to send: no money, too low a fee
  x EvidenceMissing     a change of civil status, or an amendment, without the document that it rests on
  x NothingToApprove    nothing about this record waits for the authority
  x NothingToTakeBack, TooLateToTakeBack   no request of which nothing was sent: none at all, or it is on its way
  x ReasonMissing       a decision that has to say why, and does not
  x YearAlreadyLocked   the school year was locked before
  x NoSchoolYear        not two calendar years, one after the other
  x CannotTransfer      a pupil who cannot be given to, or taken by, another school so
    + ConfirmationRefused   the old school's confirmation in mid-year is not signed as it has to be, or says something else

Each carries one sentence in Vietnamese and one in English that say what to do.
"""

from ledger.errors.deciding import (
    CannotSend,
    CannotTransfer,
    ConfirmationRefused,
    EvidenceMissing,
    NoSchoolYear,
    NothingToApprove,
    NothingToTakeBack,
    ReasonMissing,
    Refused,
    TooLateToTakeBack,
    YearAlreadyLocked,
)
from ledger.errors.entering import (
    AccountRefused,
    InvitationOver,
    TooOften,
    UnknownAccount,
)
from ledger.errors.finding import (
    MistypedCode,
    UnknownClass,
    UnknownFile,
    UnknownLine,
    UnknownRound,
    UnknownSchool,
    UnknownUnit,
)
from ledger.errors.keeping import (
    CannotRead,
    CannotRecord,
    CannotStore,
    DamagedFile,
    NotArchived,
    NothingGained,
    Remedy,
    Unavailable,
    UnusableDatabase,
    UnusableFiles,
)
from ledger.errors.making import (
    AlreadyImported,
    BookletIssued,
    NoDocuments,
    NothingToBind,
    PupilsDeparted,
    YearsMissing,
)
from ledger.errors.root import (
    ForbiddenMove,
    LedgerError,
    LostRace,
)
from ledger.errors.signing import (
    CertificateRefused,
    NotAllIssued,
    NotAllSigned,
    NothingWaits,
    NotSigned,
    NotTheirs,
    WrongCertificate,
)

__all__ = [
    "AccountRefused",
    "AlreadyImported",
    "BookletIssued",
    "CannotRead",
    "CannotRecord",
    "CannotSend",
    "CannotStore",
    "CannotTransfer",
    "CertificateRefused",
    "ConfirmationRefused",
    "DamagedFile",
    "EvidenceMissing",
    "ForbiddenMove",
    "InvitationOver",
    "LedgerError",
    "LostRace",
    "MistypedCode",
    "NoDocuments",
    "NoSchoolYear",
    "NotAllIssued",
    "NotAllSigned",
    "NotArchived",
    "NotSigned",
    "NotTheirs",
    "NothingGained",
    "NothingToApprove",
    "NothingToBind",
    "NothingToTakeBack",
    "NothingWaits",
    "PupilsDeparted",
    "ReasonMissing",
    "Refused",
    "Remedy",
    "TooLateToTakeBack",
    "TooOften",
    "Unavailable",
    "UnknownAccount",
    "UnknownClass",
    "UnknownFile",
    "UnknownLine",
    "UnknownRound",
    "UnknownSchool",
    "UnknownUnit",
    "UnusableDatabase",
    "UnusableFiles",
    "WrongCertificate",
    "YearAlreadyLocked",
    "YearsMissing",
]
