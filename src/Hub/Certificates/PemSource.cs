using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Certificates;

/// <summary>
/// A certificate, a key or authorities: the path of a PEM file, or PEM text itself (RFC 7468), since programs that embed the hub, and
/// containers with secrets in their environment, have no files. Text that has a key is never shown. Immutable; compared by what was
/// written.
/// </summary>
[JsonConverter(typeof(ShownPemSourceJsonConverter))]
public sealed class PemSource : IEquatable<PemSource>
{
    /// <summary>How many characters a text may have: a hundred certificates, or authorities of a whole company.</summary>
    internal const int MaxLength = 512 << 10;

    private const string ReferencePrefix = "text:sha256:";
    private readonly int _hash;
    private string? _reference;

    /// <param name="value">The path, or the text.</param>
    public PemSource(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Value = value;
        // The hash is computed once, since settings with texts are looked up for each client.
        _hash = value.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>The text as it was written; it may be a key.</summary>
    internal string Value { get; }

    /// <summary>Whether it is PEM text.</summary>
    internal bool IsText => Value.Contains("-----BEGIN ", StringComparison.Ordinal);

    /// <summary>The path of the file; null: it is text.</summary>
    internal string? Path => IsText ? null : Value;

    /// <summary>Whether it is text, or a path that does not depend on where the hub was started.</summary>
    internal bool IsWhole => IsText || System.IO.Path.IsPathFullyQualified(Value);

    /// <summary>Whether it stands for a text that was written before and is not shown.</summary>
    internal bool IsReference => Value.StartsWith(ReferencePrefix, StringComparison.Ordinal);

    /// <summary>The placeholder for the text, in a form that a change takes back.</summary>
    internal string Reference =>
        _reference ??= ReferencePrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Value)).AsSpan(0, 16));

    /// <summary>The form that operators are shown: all of it, but for a text with a key.</summary>
    internal string Shown => IsText && Value.Contains("PRIVATE KEY-----", StringComparison.Ordinal) ? Reference : Value;

    /// <summary>Reads a path or a text as it was written.</summary>
    /// <param name="value">The path, or the text; null: there is none.</param>
    [return: NotNullIfNotNull(nameof(value))]
    public static implicit operator PemSource?(string? value) => FromString(value);

    /// <summary>Reads a path or a text as it was written.</summary>
    /// <param name="value">The path, or the text; null: there is none.</param>
    [return: NotNullIfNotNull(nameof(value))]
    public static PemSource? FromString(string? value) => value is null ? null : new PemSource(value);

    /// <inheritdoc/>
    public bool Equals(PemSource? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && Value == other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PemSource);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Returns the path, or what stands for a text; it is fit for logs.</summary>
    // A key whose first line is missing is no path either.
    public override string ToString() => IsText || Value.Contains('\n', StringComparison.Ordinal) ? Reference : Value;
}
