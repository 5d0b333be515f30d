package adit.samples.bookshop;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On the class whose purpose is to print.
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@interface WritesToStandardOutput {
  /// Why.
  String value();
}
