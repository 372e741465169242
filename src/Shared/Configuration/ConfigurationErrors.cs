using System.Collections;

namespace Tunnel.Shared.Configuration;

/// <summary>Collects every error of a configuration, so that the operator sees all of them at once.</summary>
public sealed class ConfigurationErrors : IReadOnlyCollection<ConfigurationError>
{
    private readonly List<ConfigurationError> _errors = [];

    /// <inheritdoc/>
    public int Count => _errors.Count;

    /// <summary>Adds an error.</summary>
    public void Add(ConfigurationError error) => _errors.Add(error);

    /// <summary>Adds an error by its parts; see <see cref="ConfigurationError"/>.</summary>
    public void Add(string setting, string? value, string problem, string? source = null) =>
        _errors.Add(new ConfigurationError(setting, value, problem, source));

    /// <summary>Throws when anything was wrong, which ends the start.</summary>
    /// <exception cref="ConfigurationException">There is at least one error.</exception>
    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
        {
            throw new ConfigurationException([.. _errors]);
        }
    }

    /// <inheritdoc/>
    public IEnumerator<ConfigurationError> GetEnumerator() => _errors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
