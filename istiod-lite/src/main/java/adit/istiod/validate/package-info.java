/// Says at once, when an object is written, what would keep it from working.
package adit.istiod.validate;
