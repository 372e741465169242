using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// Reads a service's configuration again when its files change. If it is valid, the settings that can change live are applied, and the
/// others are named. If it is not, every error is logged and nothing changes.
/// </summary>
/// <typeparam name="TOptions">The service's options.</typeparam>
public sealed class ConfigurationReload<TOptions> : IDisposable
{
    /// <summary>
    /// How often the files are checked. A change counts only when the next check finds it unchanged, because editors write in several
    /// steps.
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

    /// <summary>Starts to watch the files; what they say now is taken as in force.</summary>
    /// <param name="sources">Where the configuration comes from.</param>
    /// <param name="read">Reads and checks it; throws <see cref="ConfigurationException"/>.</param>
    /// <param name="live">Settings that can change live, by their first name.</param>
    /// <param name="apply">Applies these settings; the change is logged once it has returned.</param>
    /// <param name="applyLog">Applies the settings of the log. This comes last, so that a level that hides the message does not hide the
    /// message about itself.</param>
    /// <param name="time">The clock for the checks.</param>
    /// <param name="logger">Where changes and errors are logged.</param>
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
            // A file that can't be read counts as unchanged; the next check tries again.
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
            // The flag stays set until all is applied: if the files go back to what they said before, that has to be applied again.
            _halfApplied = true;
            _apply(options);
            Tell(changed);
            _applyLog(options);
            (_values, _halfApplied) = (values, false);
        }
        catch (ConfigurationException) when (TryFingerprint() is null)
        {
            // The file could be read a moment ago and can't be now, so its content is unknown, and the next check reads it again.
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

    // Changes are named as an operator would: "edges" for a list, "tls.certPem" for a member of a group. Values are never named, since they
    // may be secrets.
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

    // The fingerprint is made of the content, because a file behind a link to another directory changes without a new time of its own. It
    // is null when a file can't be read, which is logged once.
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
