namespace Tunnel.Shared.Guarding;

/// <summary>Creates timers whose callbacks may throw without ending the process (<see cref="Defects"/>).</summary>
public static class GuardedTimers
{
    /// <summary>Creates a timer as <see cref="TimeProvider.CreateTimer"/> does, but catches what its callback throws.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="callback">What to run each time.</param>
    /// <param name="state">The value passed to the callback.</param>
    /// <param name="due">The delay before the first call.</param>
    /// <param name="period">The interval between calls.</param>
    public static ITimer CreateGuardedTimer<T>(this TimeProvider time, Action<T> callback, T state, TimeSpan due, TimeSpan period) =>
        time.CreateTimer(static guarded => ((Callback<T>)guarded!).Run(), new Callback<T>(callback, state), due, period);

    private sealed class Callback<T>(Action<T> callback, T state)
    {
        public void Run()
        {
            try
            {
                callback(state);
            }
            catch (Exception e)
            {
                Defects.Note($"timer of {typeof(T).Name}", e);
            }
        }
    }
}
