/// A small bookshop in four services and the client that measures it. It knows nothing of the mesh.
@org.jspecify.annotations.NullMarked
package adit.samples.bookshop;
