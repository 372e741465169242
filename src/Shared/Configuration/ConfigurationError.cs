using Tunnel.Shared.Operator;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// One thing that is wrong with the configuration, in words for the operator. It is no <see cref="Fault"/>, which has its place in one
/// document: a setting may have been given in any of several layers, so this names where, or that it was given nowhere, and a program has
/// so few settings that all of their errors are shown.
/// </summary>
/// <param name="Setting">The setting's path as written in the JSON file, for example <c>tls.certPem</c>, or a file's name when the file
/// itself is wrong.</param>
/// <param name="Value">The value that was found, or null when there was none; never a secret.</param>
/// <param name="Problem">What is wrong and what would be valid.</param>
/// <param name="Source">Where the value came from: a file, an environment variable or a command-line option; null when it was given
/// nowhere.</param>
public sealed record ConfigurationError(string Setting, string? Value, string Problem, string? Source = null)
{
    /// <summary>The text shown in place of a secret's value.</summary>
    public const string Masked = Fault.Masked;

    /// <summary>Writes one line: setting, value, source, problem.</summary>
    public override string ToString()
    {
        var value = Value is null ? "" : $" = {(Value == Masked ? Masked : $"\"{Value}\"")}";
        var source = Source is null ? "" : $" ({Source})";
        return $"{Setting}{value}{source}: {Problem}";
    }
}
