package adit.source.object;

/// Something wrong inside one document, before it is known where the document came from.
///
/// @param severity whether the object is refused
/// @param field path of the field
/// @param value the value found
/// @param expected what would have been right
public record Finding(Problem.Severity severity, String field, String value, String expected) {}
