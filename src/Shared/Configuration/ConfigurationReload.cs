using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// Reads a service's configuration again when its files change. A valid one is applied as far as it can change live, and what can't is
/// named; of a faulty one every error is logged, and nothing changes.
/// </summary>
/// <typeparam name="TOptions">The service's options.</typeparam>
public sealed class ConfigurationReload<TOptions> : IDisposable
{
    /// <summary>
    /// So often the files are looked at. A change counts when the next look finds the same: editors write in several steps.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly ConfigurationSources _sources;
    private readonly Func<ConfigurationSources, TOptions> _read;
    private readonly IReadOnlySet<string> _live;
    private readonly Action<TOptions> _apply;
    private readonly Action<TOptions> _applyLog;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly PosixSignalRegistration? _hangUp;
    private IReadOnlyDictionary<string, string?> _values;
    private string _known;
    private string _last;
    private bool _halfApplied;
    private bool _unreadable;

    /// <summary>Starts to watch; what the files say now is taken as in force.</summary>
    /// <param name="sources">Where the configuration comes from.</param>
    /// <param name="read">Reads and checks it; throws <see cref="ConfigurationException"/>.</param>
    /// <param name="live">Settings that can change live, by their first name.</param>
    /// <param name="apply">Takes these over; they are told once it has returned.</param>
    /// <param name="applyLog">Takes over those of the log, last: a level that hides the telling must not hide that of itself.</param>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="logger">Where changes and errors are told.</param>
    public ConfigurationReload(
        ConfigurationSources sources,
        Func<ConfigurationSources, TOptions> read,
        IReadOnlySet<string> live,
        Action<TOptions> apply,
        Action<TOptions> applyLog,
        TimeProvider time,
        ILogger logger)
    {
        (_sources, _read, _live, _apply, _applyLog, _logger) = (sources, read, live, apply, applyLog, logger);
        _known = _last = TryFingerprint() ?? "";
        _values = LayeredConfiguration.Load(sources).Effective();
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, Interval, Interval);

        // In a terminal SIGHUP means that the terminal is gone.
        if (Console.IsInputRedirected)
            _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hangUp?.Dispose();
        _timer.Dispose();
    }

    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (TryFingerprint() is not { } found)
                return;
            _known = _last = found;
            Reload();
        }
    }

    private void Look()
    {
        // A reload that takes longer than the interval must not pile up.
        if (!_lock.TryEnter())
            return;
        try
        {
            // What can't be read has not changed, as far as anybody knows: it is looked at again.
            if (TryFingerprint() is not { } found)
                return;
            var before = _last;
            _last = found;
            if (_last != before || _last == _known)
                return;
            _known = _last;
            Reload();
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void Reload()
    {
        try
        {
            var options = _read(_sources);
            var values = LayeredConfiguration.Load(_sources).Effective();
            var changed = Changed(_values, values);
            if (changed.Length == 0 && !_halfApplied)
                return;
            // Until it is through: the files may go back to what they said before, and then that has to be applied again.
            _halfApplied = true;
            _apply(options);
            Tell(changed);
            _applyLog(options);
            (_values, _halfApplied) = (values, false);
        }
        catch (ConfigurationException) when (TryFingerprint() is null)
        {
            // It could be read a moment ago. Nothing is known of what it says, so the next look reads it again.
            _known = "";
        }
        catch (ConfigurationException invalid)
        {
            foreach (var error in invalid.Errors)
                ReloadLog.Invalid(_logger, error);
        }
        catch (Exception error)
        {
            ReloadLog.Failed(_logger, error);
        }
    }

    private void Tell(string[] changed)
    {
        var live = changed.Where(_live.Contains).ToArray();
        var others = changed.Except(live).ToArray();
        if (live.Length > 0)
            ReloadLog.Changed(_logger, string.Join(", ", live));
        if (others.Length > 0)
            ReloadLog.NeedsRestart(_logger, string.Join(", ", others));
    }

    // By the names that an operator writes first: of a list only "edges", of a group "tls.certPem". Never the values, which may be secrets.
    private static string[] Changed(IReadOnlyDictionary<string, string?> before, IReadOnlyDictionary<string, string?> now) =>
        [.. before.Keys.Union(now.Keys, StringComparer.OrdinalIgnoreCase)
            .Where(
                name => before.GetValueOrDefault(name) != now.GetValueOrDefault(name) || before.ContainsKey(name) != now.ContainsKey(name))
            .Select(WithoutIndex).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)];

    private static string WithoutIndex(string name)
    {
        var parts = name.Split('.');
        return string.Join('.', parts.TakeWhile(part => !part.All(char.IsAsciiDigit)));
    }

    // By content: a configuration that is a link to another directory changes without a time of its own. Null when a file can't be read,
    // which is told once.
    private string? TryFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in new[] { _sources.AppSettingsFile, _sources.File ?? _sources.DefaultFile }.OfType<string>())
        {
            try
            {
                hash.AppendData(File.Exists(path) ? [1, .. File.ReadAllBytes(path)] : [0]);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!_unreadable)
                    ReloadLog.Unreadable(_logger, path, e.Message);
                _unreadable = true;
                return null;
            }
        }

        _unreadable = false;
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
