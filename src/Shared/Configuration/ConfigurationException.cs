using System.Collections.Immutable;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Configuration;

/// <summary>The configuration is not valid; a program prints <see cref="Exception.Message"/> and ends with code 2.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Creates an exception with every error that was found.</summary>
    public ConfigurationException(ImmutableArray<ConfigurationError> errors)
        : base(Describe(errors)) => Errors = errors;

    /// <summary>The errors; never empty.</summary>
    public ImmutableArray<ConfigurationError> Errors { get; }

    private static string Describe(ImmutableArray<ConfigurationError> errors)
    {
        var title = $"The configuration has {CountText.Of(errors.Length, "error")}:";
        return string.Join('\n', errors.Select(error => $"  {error}").Prepend(title));
    }
}
