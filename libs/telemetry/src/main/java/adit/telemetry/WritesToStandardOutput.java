package adit.telemetry;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Marks the few places that may write to the process's standard output or error.
///
/// Everything else goes through [Log], which never blocks its caller; the build refuses
/// `System.out` anywhere without this mark.
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.CONSTRUCTOR})
public @interface WritesToStandardOutput {
  /// Why this place writes by itself.
  String value();
}
