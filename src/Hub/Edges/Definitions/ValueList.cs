using System.Collections;
using System.Collections.Immutable;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Values in the order in which an operator wrote them. Immutable; equal when all values are.</summary>
/// <typeparam name="T">The type of a value; it compares by what it says.</typeparam>
public class ValueList<T>(ImmutableArray<T> values) : IReadOnlyList<T>, IEquatable<ValueList<T>>
    where T : IEquatable<T>
{
    private readonly ImmutableArray<T> _values = values;

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public T this[int index] => _values[index];

    /// <inheritdoc/>
    public bool Equals(ValueList<T>? other) => other is not null && _values.AsSpan().SequenceEqual(other._values.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => _values.IsEmpty ? 0 : HashCode.Combine(_values.Length, _values[0]);

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
