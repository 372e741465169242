using System.Diagnostics.CodeAnalysis;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests;

/// <summary>The assertions of targets; they are cheap, since targets make them a million times a second.</summary>
internal static class Check
{
    private const int MaxError = 2_000;

    public static void That([DoesNotReturnIf(false)] bool holds, string property)
    {
        if (!holds)
            throw new PropertyException(property);
    }

    public static void Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string property)
    {
        if (!expected.SequenceEqual(actual))
            throw new PropertyException($"{property}: {Convert.ToHexString(expected)} became {Convert.ToHexString(actual)}");
    }

    public static void Equal<T>(T expected, T actual, string property)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new PropertyException($"{property}: {expected} became {actual}");
    }

    /// <summary>
    /// Checks what is told of a wrong input, which goes to logs and terminals: it is there, short, and has no control characters.
    /// </summary>
    public static void IsErrorText([NotNull] string? error)
    {
        That(error is { Length: > 0 }, "an error says what is wrong");
        That(error.Length <= MaxError, "an error is short");
        foreach (var letter in error)
            That(!char.IsControl(letter), "an error has no control characters");
    }
}
