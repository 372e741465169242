using System.Runtime.ExceptionServices;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>
/// The database that hubs share. One connection listens for changes and asks again every few seconds, since a notice can be lost; it is
/// also what shows whether the database is there. While it is not, whoever needs it is refused at once.
/// </summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>The channel on which hubs tell each other of changes; what is told does not matter, only that they look.</summary>
    public const string Channel = "tunnel_hub";

    // A change whose notice was lost is noticed within this time at most, and so is a database that says nothing more.
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    // Each step is limited by the connection's own limits, which may be set; this one is for all steps of a call together.
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);
    private const int DefaultSeconds = 5;
    private const int CancellationMilliseconds = 1000;

    // A look that takes longer waits for a long change of the same document, and the others go on without it.
    private static readonly TimeSpan LongLook = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MostPause = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly PostgresSchema _schema;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<PostgresWatch> _watches = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;
    private Task _looks = Task.CompletedTask;
    private volatile string? _fault;
    private volatile string? _unreadable;

    // This is what was logged last: null says that the database is there, and an empty text that nothing was logged.
    private string? _logged = "";

    /// <param name="connectionString">The connection string, in Npgsql's words.</param>
    /// <param name="schema">The tables.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it is logged that the database is away, and that it is back.</param>
    public PostgresDatabase(string connectionString, PostgresSchema schema, TimeProvider time, ILogger logger)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        SetMissing(settings, "Timeout", DefaultSeconds);
        SetMissing(settings, "Command Timeout", DefaultSeconds);
        SetMissing(settings, "Cancellation Timeout", CancellationMilliseconds);
        SetMissing(settings, "Application Name", "tunnel-hub");
        Name = $"PostgreSQL database {settings.Database ?? settings.Username} at {settings.Host}";

        // The slim builder needs no reflection. It logs nothing: the parameters are hashes of secrets.
        _source = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString).EnableTransportSecurity().EnableArrays().Build();
        (_schema, _time, _logger) = (schema, time, logger);
    }

    /// <summary>The database in words, without user and password.</summary>
    public string Name { get; }

    /// <summary>Why the database, or a document in it, can't be used now; null: all can.</summary>
    public string? Fault => _fault ?? _unreadable;

    /// <summary>Tries once to connect, and brings the tables up to date.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await LimitAsync(OpenAsync, cancellationToken);
            NoteConnected();
        }
        catch (StateUnavailableException error)
        {
            NoteFault(error.Message);
        }
    }

    /// <summary>Calls back on each notice, and every few seconds; one that takes long holds up no other.</summary>
    public void Watch(Func<CancellationToken, Task> refresh) => _watches.Add(new PostgresWatch(refresh));

    /// <summary>Begins to listen, and to connect again whenever the database was away.</summary>
    public void Start()
    {
        _watching = Task.Run(() => WatchAsync(_stopping.Token));
        _watching.Guard("watching the shared state");
    }

    /// <summary>Runs a command.</summary>
    /// <param name="command">Uses a connection that is open.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="StateUnavailableException">The database can't be used now, or did not answer.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> command, CancellationToken cancellationToken)
    {
        if (_fault is { } fault)
            throw new StateUnavailableException(fault);
        try
        {
            return await LimitAsync(
                async token =>
                {
                    await using var connection = await _source.OpenConnectionAsync(token);
                    return await command(connection, token);
                },
                cancellationToken);
        }
        catch (StateUnavailableException error) when (IsSilence(error.InnerException))
        {
            // Those behind this one must not wait as long for the same.
            NoteFault(error.Message);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        await _looks;
        await _source.DisposeAsync();
        _stopping.Dispose();
    }

    private static void SetMissing(NpgsqlConnectionStringBuilder settings, string name, object value)
    {
        // This is what tells whether it is in the string: ContainsKey says yes to all that could be.
        if (!settings.ShouldSerialize(name))
            settings[name] = value;
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            await _schema.MigrateAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var pause = LeastPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await LimitAsync(OpenAsync, cancellationToken);
                await LimitAsync(token => ListenAsync(connection, token), cancellationToken);
                _fault = null;

                // What failed before says nothing of this connection.
                _watches.ForEach(static watch => watch.TakeFailure());
                while (true)
                {
                    _unreadable = await RefreshAsync(cancellationToken);
                    if (_unreadable is { } unreadable)
                        NoteUnreadable(unreadable);
                    else
                        NoteConnected();
                    pause = LeastPause;

                    // A connection that is gone without a word, as behind a firewall, would be listened to for ever.
                    if (!await connection.WaitAsync(PollInterval, cancellationToken))
                        await LimitAsync(token => AskAsync(connection, token), cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever it was: a hub that no longer looks would never learn of another change.
                NoteFault(error is StateUnavailableException ? error.Message : Describe(error));

                // What else was open then may be gone, too, although nothing has come to tell so.
                _source.Clear();
            }

            if (!await PauseAsync(pause, cancellationToken))
                return;
            pause = pause * 2 < MostPause ? pause * 2 : MostPause;
        }
    }

    /// <returns>What is wrong with a document; the others are read all the same. Null: nothing.</returns>
    private async Task<string?> RefreshAsync(CancellationToken cancellationToken)
    {
        _looks = Task.WhenAll([.. _watches.Select(watch => watch.LookAsync(cancellationToken))]);
        await Task.WhenAny(_looks, Task.Delay(LongLook, _time, cancellationToken));
        foreach (var watch in _watches)
        {
            if (watch.TakeFailure() is { } failure)
                ExceptionDispatchInfo.Throw(failure);
        }

        return _watches.Select(static watch => watch.Unreadable).FirstOrDefault(static fault => fault is not null);
    }

    // The pause is up to a half longer, so that the hubs do not come back all at once.
    private async Task<bool> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause * (1 + (Random.Shared.NextDouble() / 2)), _time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }

    private static async Task<bool> ListenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var listen = new NpgsqlCommand($"listen {Channel}", connection);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }

    private static async Task<object?> AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var question = new NpgsqlCommand("select 1", connection);
        return await question.ExecuteScalarAsync(cancellationToken);
    }

    private async Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallLimit);
        try
        {
            return await call(limit.Token);
        }
        catch (Exception error) when (IsOfDatabase(error) && !cancellationToken.IsCancellationRequested)
        {
            throw new StateUnavailableException(Describe(error), error);
        }
    }

    private static bool IsOfDatabase(Exception error) =>
        error is NpgsqlException or TimeoutException or IOException or OperationCanceledException;

    private static bool IsSilence(Exception? error) =>
        error is OperationCanceledException || error?.GetBaseException() is TimeoutException;

    // The innermost one says what happened; no message has the password in it.
    private string Describe(Exception error)
    {
        var what = error switch
        {
            PostgresException refused => refused.MessageText,
            OperationCanceledException => "it does not answer",
            // TLS only says that a callback has rejected it, and the callback is Npgsql's.
            _ when error.GetBaseException() is AuthenticationException => "its certificate is refused: it must be of an authority in the "
                + "file that Root Certificate names (without it, that the system trusts), and for VerifyFull it must name the Host",
            _ => error.GetBaseException().Message,
        };
        return $"The {Name} can't be used now: {what.TrimEnd('.')}.";
    }

    private void NoteConnected()
    {
        _fault = null;
        if (Interlocked.Exchange(ref _logged, null) is not null)
            PostgresLog.Connected(_logger, Name);
    }

    private void NoteUnreadable(string fault)
    {
        if (Interlocked.Exchange(ref _logged, fault) != fault)
            PostgresLog.Unreadable(_logger, fault);
    }

    private void NoteFault(string fault)
    {
        _fault = fault;
        if (Interlocked.Exchange(ref _logged, fault) != fault)
            PostgresLog.Away(_logger, fault);
    }
}
